import type { SessionInfo } from '@synap/api';

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
  const session = response.ok ? ((await response.json()) as SessionInfo) : undefined;
  if (root) root.textContent = session ? `Signed in as ${session.user.name}` : 'Signed out';
}

await show();
