import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { api } from '../api/client.ts';
import { Empty, Failed, Loading } from '../ui/states.tsx';
import { EntityCard } from './entity-card.tsx';
import { type ListQuery, listKey } from './feed-cache.ts';

const PAGE = 30;

/** Entities, newest first, read as far as somebody scrolls. */
export function EntityList({ query, empty, label }: EntityListProps) {
  const list = useInfiniteQuery({
    queryKey: listKey(query),
    queryFn: ({ pageParam, signal }) =>
      api.entities.list.query({ ...query, limit: PAGE, ...(pageParam && { cursor: pageParam }) }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];

  if (list.isPending) return <Loading what="Loading notes…" />;
  if (list.isError && items.length === 0) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (items.length === 0) return <Empty>{empty}</Empty>;
  return (
    <section aria-label={label}>
      <ol className="list">
        {items.map((entity) => (
          <li key={entity.id}>
            <EntityCard entity={entity} />
          </li>
        ))}
      </ol>
      {list.isFetchNextPageError && <Failed error={list.error} />}
      {list.hasNextPage ? (
        <More
          busy={list.isFetchingNextPage}
          failed={list.isFetchNextPageError}
          load={() => void list.fetchNextPage({ cancelRefetch: false })}
        />
      ) : (
        items.length > PAGE && <p className="soft end">That is everything.</p>
      )}
    </section>
  );
}

export interface EntityListProps {
  readonly query: ListQuery;
  readonly empty: ReactNode;
  readonly label: string;
}

/** Loads more before its end is reached; the button is for those who do not scroll, and for a second try. */
function More({ busy, failed, load }: { readonly busy: boolean; readonly failed: boolean; readonly load: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const latest = useRef(load);
  useEffect(() => {
    latest.current = load;
  });
  useEffect(() => {
    if (busy || failed || !button.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) latest.current();
      },
      { rootMargin: '800px' },
    );
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [busy, failed]);
  return (
    <button type="button" ref={button} className="button more" aria-disabled={busy} onClick={() => !busy && load()}>
      {busy ? 'Loading…' : failed ? 'Try again' : 'Load more'}
    </button>
  );
}
