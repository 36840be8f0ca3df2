import type { AppRouter } from '@synap/api';
import { createTRPCClient, httpBatchLink, httpLink, splitLink } from '@trpc/client';
import type { inferRouterOutputs } from '@trpc/server';
import { watchedFetch } from './connection.ts';

export type Outputs = inferRouterOutputs<AppRouter>;

export type Entity = Outputs['entities']['get'];
export type EntityType = Entity['type'];
export type TaskStatus = NonNullable<Entity['task']>['status'];
export type HistoryItem = Outputs['entities']['history']['items'][number];
export type SearchItem = Outputs['search']['query']['items'][number];

/** Long enough for a page of ids, short enough for any proxy. */
const MAX_URL = 6_000;

type Client = ReturnType<typeof createTRPCClient<AppRouter>>;

/**
 * The typed client. A call stands alone, so that a slow one holds up none and an aborted one ends; those made with
 * `context: {batch: true}` share a request.
 */
export const api: Client = createTRPCClient<AppRouter>({
  links: [
    splitLink({
      condition: (operation) => operation.context.batch === true,
      true: httpBatchLink({ url: '/trpc', fetch: watchedFetch, maxURLLength: MAX_URL, maxItems: 50 }),
      false: httpLink({ url: '/trpc', fetch: watchedFetch }),
    }),
  ],
});

export const BATCHED = { context: { batch: true } } as const;

/** Where the bytes of an entity's content are. */
export function contentUrl(id: string, version?: number): string {
  return `/api/v1/entities/${id}/content${version === undefined ? '' : `?version=${version}`}`;
}
