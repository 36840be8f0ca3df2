import { lazy, Suspense, useEffect, useRef } from 'react';
import { FieldDifference } from '../history/field-difference.tsx';
import type { EditDraft } from '../ui/drafts.ts';
import { Loading } from '../ui/states.tsx';
import { Time } from '../ui/time.tsx';
import { parseTags } from './tags-text.ts';
import type { Theirs } from './use-edit.ts';

const Difference = lazy(() => import('../history/difference.tsx').then((module) => ({ default: module.Difference })));

export interface ConflictProps {
  readonly mine: EditDraft;
  readonly theirs: Theirs;
  readonly busy: boolean;
  readonly keepMine: () => void;
  readonly takeTheirs: () => void;
}

/** Two people, or two tabs, changed the same version: both are shown, and nothing is lost whatever is chosen. */
export function Conflict({ mine, theirs: { entity, content }, busy, keepMine, takeTheirs }: ConflictProps) {
  const section = useRef<HTMLElement>(null);
  useEffect(() => section.current?.focus(), []);
  return (
    <section className="notice bad conflict" aria-label="Conflict" tabIndex={-1} ref={section}>
      <div role="alert">
        <h2>This was changed elsewhere in the meantime</h2>
        <p>
          Version {entity.version} was saved <Time at={entity.updatedAt} />, after you began. Below is what yours would
          change in it. You can also change yours by hand until it holds both; every version stays in the history.
        </p>
        {entity.deletedAt !== null && <p>It was deleted. Restore it at its page before you save yours.</p>}
      </div>
      <div className="actions">
        <button type="button" className="button" disabled={busy} onClick={keepMine}>
          Keep mine as a new version
        </button>
        <button type="button" className="button" disabled={busy} onClick={takeTheirs}>
          Take theirs
        </button>
      </div>
      <FieldDifference before={entity} after={{ title: mine.title.trim() || null, tags: parseTags(mine.tags) }} />
      <Suspense fallback={<Loading what="Comparing…" />}>
        <Difference before={content} after={mine.content} />
      </Suspense>
      <details>
        <summary>Theirs in full</summary>
        <pre className="plain" dir="auto">
          {content}
        </pre>
      </details>
    </section>
  );
}
