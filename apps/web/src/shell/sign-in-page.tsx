import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { explain } from '../api/errors.ts';
import { SESSION_KEY, signIn } from '../api/session.ts';

type State =
  | { readonly step: 'link' | 'busy' }
  | { readonly step: 'failed'; readonly text: string; readonly again: boolean };

/** The token of the address, which leaves the address bar at once: not in the history, not over anybody's shoulder. */
function takeToken(): string {
  const token = location.hash.slice(1);
  if (token !== '') history.replaceState(history.state, '', '/sign-in');
  return token;
}

export function SignInPage() {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const token = useRef<string | null>(null);
  const [state, setState] = useState<State>({ step: 'link' });

  const enter = async (value: string) => {
    setState({ step: 'busy' });
    try {
      await signIn(value);
      await queries.resetQueries({ queryKey: SESSION_KEY });
      navigate('/', { replace: true });
    } catch (error) {
      const { text, retryable } = explain(error);
      setState({ step: 'failed', text, again: retryable });
    }
  };

  useEffect(() => {
    const take = () => {
      const value = takeToken();
      if (value === '') return;
      token.current = value;
      void enter(value);
    };
    // Effects run twice in development; a link works once.
    if (token.current === null) take();
    window.addEventListener('hashchange', take);
    return () => window.removeEventListener('hashchange', take);
  });

  return (
    <main className="sign-in" id="main">
      <h1>Synap</h1>
      {state.step === 'busy' && <p role="status">Signing in…</p>}
      {state.step === 'failed' && (
        <div role="alert" className="notice bad">
          <p>{state.text}</p>
          {state.again && (
            <button type="button" className="button" onClick={() => void enter(token.current ?? '')}>
              Try again
            </button>
          )}
        </div>
      )}
      {state.step !== 'busy' && (
        <>
          <p>To sign in, open the link that Synap printed when it was started for the first time. For a new one, run</p>
          <pre>
            <code>npx -y pnpm@12.21.0 synap sign-in</code>
          </pre>
          <p className="soft">in the folder in which Synap was started. A link works once, within ten minutes.</p>
        </>
      )}
    </main>
  );
}
