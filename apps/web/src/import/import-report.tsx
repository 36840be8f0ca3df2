import { Link } from 'wouter';
import { plural } from '../ui/format.ts';
import type { Action, Progress, Step } from './run-import.ts';

const STEPS: Readonly<Record<Step, string>> = {
  reading: 'Reading the files',
  sending: 'Sending what is new',
  linking: 'Following the links',
  done: 'Done',
  stopped: 'Stopped',
};

const ACTIONS: Readonly<Record<Action, string>> = {
  create: 'new',
  update: 'changed',
  moved: 'moved',
  unchanged: 'unchanged',
  conflict: 'changed on both sides or deleted here',
  refused: 'refused',
};

/** How far an import is, and at its end everything that was not clear. */
export function ImportReport({ progress }: { readonly progress: Progress }) {
  const { step, done, total, counts, remarks, remarkCount, links, missing } = progress;
  const busy = step === 'reading' || step === 'sending' || step === 'linking';
  const told = (Object.keys(ACTIONS) as Action[]).filter((action) => counts[action] > 0);
  return (
    <section className="card import-report" aria-label="Progress" aria-busy={busy}>
      <h2>{STEPS[step]}</h2>
      <p role="status" className="hidden">
        {STEPS[step]}
      </p>
      {busy && (
        <>
          <progress max={Math.max(total, 1)} value={done} aria-label={STEPS[step]} />
          <p className="soft">
            {done.toLocaleString('en')} of {plural(total, 'file')}
          </p>
        </>
      )}
      <ul className="counts">
        {told.map((action) => (
          <li key={action}>
            <strong>{counts[action].toLocaleString('en')}</strong> {ACTIONS[action]}
          </li>
        ))}
        {links.resolved > 0 && (
          <li>
            <strong>{links.resolved.toLocaleString('en')}</strong> {links.resolved === 1 ? 'link' : 'links'} followed
          </li>
        )}
        {links.missing > 0 && (
          <li>
            <strong>{links.missing.toLocaleString('en')}</strong> {links.missing === 1 ? 'link leads' : 'links lead'}{' '}
            nowhere
          </li>
        )}
      </ul>
      {remarkCount > 0 && (
        <details open={step === 'done' && remarkCount <= 10}>
          <summary>{plural(remarkCount, 'remark')}</summary>
          <ul className="remarks">
            {remarks.map(({ path, message }) => (
              <li key={`${path}\n${message}`}>
                <code>{path}</code> {message}
              </li>
            ))}
            {remarkCount > remarks.length && <li>… and {plural(remarkCount - remarks.length, 'more', 'more')}</li>}
          </ul>
        </details>
      )}
      {missing.length > 0 && (
        <details>
          <summary>Links that lead nowhere</summary>
          <ul className="remarks">
            {missing.map(({ path, target }) => (
              <li key={`${path}\n${target}`}>
                <code>{path}</code> → {target}
              </li>
            ))}
          </ul>
        </details>
      )}
      {step === 'done' && (
        <p>
          <Link href="/">To the notes</Link>
        </p>
      )}
    </section>
  );
}
