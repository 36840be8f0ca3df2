import { lazy, Suspense, useMemo, useState } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { formatSize } from '../ui/format.ts';
import { Loading } from '../ui/states.tsx';
import { linkIndex, type ResolvedLink } from './link-target.ts';
import { PlainText } from './plain-text.tsx';

const Markdown = lazy(() => import('./markdown.tsx').then((module) => ({ default: module.Markdown })));

/**
 * Longer notes are shown as plain text until somebody asks. The time grows with the square of some texts, such as
 * `a**b` over and over: this many characters of it take a few seconds, four times as many a minute.
 */
const FORMATTED_CHARACTERS = 50_000;
/** Beyond this it would take minutes. */
const MOST_CHARACTERS = 2_000_000;

export interface NoteTextProps {
  readonly source: string;
  readonly links: readonly ResolvedLink[];
}

/** The content of a note, formatted where that is quick. */
export function NoteText({ source, links }: NoteTextProps) {
  const index = useMemo(() => linkIndex(links), [links]);
  const [formatted, setFormatted] = useState(source.length <= FORMATTED_CHARACTERS);
  if (source === '') return <p className="soft">Nothing is written here.</p>;
  if (!formatted) {
    return (
      <>
        <p className="notice">
          This note is long ({formatSize(source.length)}), so it is shown as plain text.{' '}
          {source.length <= MOST_CHARACTERS && (
            <button type="button" className="button small" onClick={() => setFormatted(true)}>
              Format it all the same
            </button>
          )}
        </p>
        <PlainText text={source} />
      </>
    );
  }
  return (
    <ErrorBoundary fallback={<Unformatted source={source} />} resetKeys={[source]}>
      <Suspense fallback={<Loading />}>
        <Markdown source={source} index={index} />
      </Suspense>
    </ErrorBoundary>
  );
}

/** Nesting without end, and whatever else the formatter gives up on. */
function Unformatted({ source }: { readonly source: string }) {
  return (
    <>
      <p className="notice">This note cannot be formatted; here it is as it was written.</p>
      <PlainText text={source} />
    </>
  );
}
