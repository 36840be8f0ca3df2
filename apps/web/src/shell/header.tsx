import { useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { explain } from '../api/errors.ts';
import { useSession, useSignOut } from '../api/session.ts';
import { SearchBox } from '../search/search-box.tsx';
import { isField } from './keys.ts';
import { KeysDialog } from './keys-dialog.tsx';
import { THEMES, useTheme } from './theme.ts';
import { notify } from './toasts.tsx';
import { useDismiss } from './use-dismiss.ts';
import { focusInList, useKeys } from './use-keys.ts';

const THEME_LABELS = { system: 'Like the system', light: 'Light', dark: 'Dark' } as const;

/** Where everything is reached from; the keys that work everywhere hang on it. */
export function Header() {
  const [, navigate] = useLocation();
  const search = useRef<HTMLInputElement>(null);
  useKeys({
    search: () => search.current?.focus(),
    capture: () => {
      navigate('/');
      requestAnimationFrame(() => document.getElementById('capture')?.focus());
    },
    next: () => focusInList(1),
    previous: () => focusInList(-1),
    close: leaveField,
  });
  return (
    <header className="header">
      <Link className="brand" href="/">
        Synap
      </Link>
      <SearchBox ref={search} />
      <nav className="nav" aria-label="Main">
        <NavLink href="/">Notes</NavLink>
        <NavLink href="/tags">Tags</NavLink>
        <NavLink href="/import">Import</NavLink>
        <Account />
      </nav>
    </header>
  );
}

/** Out of a field, to where keys do something again. */
function leaveField(): void | false {
  const { activeElement } = document;
  if (!(activeElement instanceof HTMLElement) || !isField(activeElement)) return false;
  activeElement.blur();
}

function NavLink({ href, children }: { readonly href: string; readonly children: string }) {
  const [location] = useLocation();
  const current = href === '/' ? location === '/' : location.startsWith(href);
  return (
    <Link href={href} aria-current={current ? 'page' : undefined}>
      {children}
    </Link>
  );
}

/** Theme, keys and signing out, behind one button. */
function Account() {
  const { data: session } = useSession();
  const [theme, setTheme] = useTheme();
  const signOut = useSignOut();
  const details = useRef<HTMLDetailsElement>(null);
  useDismiss(details);
  return (
    <details className="account" ref={details}>
      <summary aria-label="Settings">⋯</summary>
      <div className="account-panel">
        {session?.user.name && <p className="soft">Signed in as {session.user.name}</p>}
        <label>
          <span>Colours</span>
          <select value={theme} onChange={(event) => setTheme(event.target.value as typeof theme)}>
            {THEMES.map((name) => (
              <option key={name} value={name}>
                {THEME_LABELS[name]}
              </option>
            ))}
          </select>
        </label>
        <KeysDialog />
        <button
          type="button"
          className="button"
          onClick={() => void signOut().catch((error: unknown) => notify({ title: explain(error).text }))}
        >
          Sign out
        </button>
      </div>
    </details>
  );
}
