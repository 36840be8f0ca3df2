import type { SessionInfo } from '@synap/api';

// Stands in for the web app: signs in with the token of a printed link, and says who is signed in.

async function signIn(): Promise<string | undefined> {
  const token = location.hash.slice(1);
  if (location.pathname !== '/sign-in' || token === '') return undefined;
  history.replaceState(null, '', '/');
  const response = await fetch('/api/session', { method: 'POST', body: JSON.stringify({ token }) });
  if (response.ok) return undefined;
  return ((await response.json()) as { error: { message: string } }).error.message;
}

async function user(): Promise<string> {
  const response = await fetch('/api/session');
  return response.ok ? `Signed in as ${((await response.json()) as SessionInfo).user.name}` : 'Signed out';
}

const refusal = await signIn();
const root = document.querySelector('#root');
if (root) root.textContent = refusal ?? (await user());
