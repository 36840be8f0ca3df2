import { type Ref, useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { searchHref } from './search-params.ts';

/** The field at the top. Typing goes to the search page; the address says what is searched for. */
export function SearchBox({ ref }: { readonly ref: Ref<HTMLInputElement> }) {
  const [location, navigate] = useLocation();
  const [params] = useSearchParams();
  const searching = location === '/search';
  const asked = searching ? (params.get('q') ?? '') : '';
  const [text, setText] = useState(asked);
  const [seen, setSeen] = useState(asked);
  // The address changes by other hands too: back, forward, a link.
  if (asked !== seen) {
    setSeen(asked);
    setText(asked);
  }

  return (
    <search className="search-box">
      <form
        role="presentation"
        onSubmit={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>('[data-list-link]')?.focus();
        }}
      >
        <input
          ref={ref}
          type="search"
          aria-label="Search"
          placeholder="Search  /"
          enterKeyHint="search"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            const next = event.target.value;
            setText(next);
            navigate(searchHref(next, searching ? params : new URLSearchParams()), { replace: searching });
          }}
        />
      </form>
    </search>
  );
}
