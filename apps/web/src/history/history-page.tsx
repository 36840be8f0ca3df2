import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useLocation, useSearchParams } from 'wouter';
import { api, type Entity, type HistoryItem } from '../api/client.ts';
import { titleOf } from '../list/title.ts';
import { hasText } from '../note/queries.ts';
import { useRestore } from '../note/use-deletion.ts';
import { Page } from '../shell/page.tsx';
import { useKeys } from '../shell/use-keys.ts';
import { formatExact } from '../ui/format.ts';
import { Failed, Loading } from '../ui/states.tsx';
import { Time } from '../ui/time.tsx';
import { CompareVersions } from './compare-versions.tsx';
import { changeLabels, eventLabel } from './describe.ts';

const PAGE = 50;

function compared(params: URLSearchParams, name: 'from' | 'to'): number | null {
  const value = Number(params.get(name));
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** Every version of an entity, what it changed, and any two of them side by side. */
export function HistoryPage({ entity }: { readonly entity: Entity }) {
  const [params] = useSearchParams();
  const [, navigate] = useLocation();
  const history = useInfiniteQuery({
    queryKey: ['history', entity.id],
    queryFn: ({ pageParam, signal }) =>
      api.entities.history.query({ id: entity.id, limit: PAGE, ...(pageParam && { cursor: pageParam }) }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const items = history.data?.pages.flatMap((page) => page.items) ?? [];
  const from = compared(params, 'from');
  const to = compared(params, 'to');
  useKeys({ close: () => navigate(`/notes/${entity.id}`) });

  return (
    <Page title={`History of ${titleOf(entity)}`}>
      <p>
        <Link href={`/notes/${entity.id}`}>← Back to the note</Link>
      </p>
      <h1 dir="auto">History of “{titleOf(entity)}”</h1>
      {from !== null && to !== null && <CompareVersions entity={entity} from={from} to={to} />}
      {history.isPending && <Loading />}
      {history.isLoadingError && <Failed error={history.error} retry={() => void history.refetch()} />}
      <ol className="versions" aria-label="Versions, newest first" reversed>
        {items.map((item) => (
          <li key={item.version} aria-current={item.version === entity.version ? 'true' : undefined}>
            <VersionItem entity={entity} item={item} />
          </li>
        ))}
      </ol>
      {history.hasNextPage && (
        <button
          type="button"
          className="button more"
          disabled={history.isFetchingNextPage}
          onClick={() => void history.fetchNextPage()}
        >
          Older versions
        </button>
      )}
    </Page>
  );
}

function VersionItem({ entity, item }: { readonly entity: Entity; readonly item: HistoryItem }) {
  const restore = useRestore();
  const { version, timestamp } = item;
  const newest = version === entity.version;
  const href = `/notes/${entity.id}`;
  return (
    <article className="version">
      <h2>
        <Link href={newest ? href : `${href}?version=${version}`} data-list-link>
          Version {version}
        </Link>{' '}
        <span className="type">{eventLabel(item)}</span>
        {newest && <span className="type accent">Newest</span>}
      </h2>
      <p className="soft">
        <Time at={timestamp} /> · {formatExact(timestamp)}
      </p>
      <ul className="changes" dir="auto">
        {changeLabels(item).map((label) => (
          <li key={label}>{label}</li>
        ))}
      </ul>
      <div className="actions">
        {version > 1 && hasText(entity) && (
          <Link className="button small" href={`${href}?view=history&from=${version - 1}&to=${version}`}>
            What changed<span className="hidden"> in version {version}</span>
          </Link>
        )}
        {!newest && hasText(entity) && version !== entity.version - 1 && (
          <Link className="button small" href={`${href}?view=history&from=${version}&to=${entity.version}`}>
            Compare with the newest<span className="hidden">: version {version}</span>
          </Link>
        )}
        {!newest && (
          <button
            type="button"
            className="button small"
            disabled={restore.isPending}
            onClick={() => restore.mutate({ entity, version })}
          >
            Restore<span className="hidden"> version {version}</span>
          </button>
        )}
      </div>
    </article>
  );
}
