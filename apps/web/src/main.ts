// Stands in for the web app: signs in with the token of a printed link, and says who is signed in.
const root = document.querySelector('#root');

async function show(): Promise<void> {
  const token = location.hash.slice(1);
  if (location.pathname === '/sign-in' && token !== '') {
    history.replaceState(null, '', '/');
    await fetch('/api/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token }),
    });
  }
  const response = await fetch('/api/session');
  if (root) root.textContent = response.ok ? 'Signed in' : 'Signed out';
}

await show();
