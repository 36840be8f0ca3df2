import { useState } from 'react';

/** Characters shown at first, and more with each press: a browser lays out a text of megabytes for seconds. */
const STEP = 100_000;

/** A text as it was written, a part at a time. */
export function PlainText({ text }: { readonly text: string }) {
  const [shown, setShown] = useState(STEP);
  const parts = [];
  for (let at = 0; at < Math.min(shown, text.length); at += STEP) parts.push(text.slice(at, at + STEP));
  return (
    <>
      <pre className="plain" dir="auto">
        {parts.map((part, index) => (
          <span key={index}>{part}</span>
        ))}
      </pre>
      {shown < text.length && (
        <button type="button" className="button more" onClick={() => setShown(shown + 5 * STEP)}>
          Show more ({Math.round((shown / text.length) * 100)} % shown)
        </button>
      )}
    </>
  );
}
