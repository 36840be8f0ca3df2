import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { Entity, Outputs } from '../api/client.ts';

export type Page = Outputs['entities']['list'];
type Feed = InfiniteData<Page, string | undefined>;

export interface ListQuery {
  readonly tag?: string;
  readonly deleted?: boolean;
}

export const LIST_KEY = 'list';

export function listKey(query: ListQuery): readonly [string, ListQuery] {
  return [LIST_KEY, query];
}

/** Shows a new entity at once, before the list is read again. */
export function addToFeed(queries: QueryClient, entity: Entity): void {
  queries.setQueryData<Feed>(listKey({}), (feed) => feed && withFirst(feed, entity));
  queries.setQueryData(entityKey(entity.id), entity);
}

export function withFirst(feed: Feed, entity: Entity): Feed {
  const [first, ...rest] = feed.pages;
  // A retry gives the note of the first try, which may be there already.
  if (!first || feed.pages.some((page) => page.items.some(({ id }) => id === entity.id))) return feed;
  return { ...feed, pages: [{ ...first, items: [entity, ...first.items] }, ...rest] };
}

export function entityKey(id: string, version?: number): readonly unknown[] {
  return version === undefined ? ['entity', id] : ['entity', id, version];
}

/** After a write: its new state is known, and whatever lists it is read again. */
export async function entityChanged(queries: QueryClient, entity: Entity): Promise<void> {
  queries.setQueryData(entityKey(entity.id), entity);
  await Promise.all([
    queries.invalidateQueries({ queryKey: [LIST_KEY] }),
    queries.invalidateQueries({ queryKey: ['search'] }),
    queries.invalidateQueries({ queryKey: ['tags'] }),
    queries.invalidateQueries({ queryKey: ['history', entity.id] }),
    queries.invalidateQueries({ queryKey: ['links', entity.id] }),
    queries.invalidateQueries({ queryKey: ['relations', entity.id] }),
  ]);
}
