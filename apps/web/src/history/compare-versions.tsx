import { lazy, Suspense } from 'react';
import { useLocation } from 'wouter';
import type { Entity } from '../api/client.ts';
import { useContent, useEntity } from '../note/queries.ts';
import { Failed, Loading } from '../ui/states.tsx';
import { FieldDifference } from './field-difference.tsx';

const Difference = lazy(() => import('./difference.tsx').then((module) => ({ default: module.Difference })));

export interface CompareVersionsProps {
  readonly entity: Entity;
  readonly from: number;
  readonly to: number;
}

export function CompareVersions({ entity, from, to }: CompareVersionsProps) {
  const [, navigate] = useLocation();
  const older = useEntity(entity.id, from);
  const newer = useEntity(entity.id, to);
  const before = useContent(entity.id, from);
  const after = useContent(entity.id, to);
  const failed = [older, newer, before, after].find((query) => query.isLoadingError);
  const choose = (next: { from: number; to: number }) => {
    navigate(`/notes/${entity.id}?view=history&from=${next.from}&to=${next.to}`, { replace: true });
  };
  return (
    <section className="card compare" aria-label="Compare versions">
      <div className="compare-head">
        <VersionSelect
          label="From version"
          value={from}
          count={entity.version}
          choose={(v) => choose({ from: v, to })}
        />
        <VersionSelect label="to version" value={to} count={entity.version} choose={(v) => choose({ from, to: v })} />
      </div>
      {failed && <Failed error={failed.error} retry={() => void failed.refetch()} />}
      {older.data && newer.data && <FieldDifference before={older.data} after={newer.data} />}
      {before.data !== undefined && after.data !== undefined ? (
        <Suspense fallback={<Loading what="Comparing…" />}>
          <Difference before={before.data} after={after.data} />
        </Suspense>
      ) : (
        !failed && <Loading what="Comparing…" />
      )}
    </section>
  );
}

interface VersionSelectProps {
  readonly label: string;
  readonly value: number;
  readonly count: number;
  readonly choose: (version: number) => void;
}

function VersionSelect({ label, value, count, choose }: VersionSelectProps) {
  return (
    <label>
      <span>{label}</span>
      <input
        type="number"
        min={1}
        max={count}
        value={value}
        onChange={(event) => {
          const version = event.target.valueAsNumber;
          if (version >= 1 && version <= count) choose(version);
        }}
      />
    </label>
  );
}
