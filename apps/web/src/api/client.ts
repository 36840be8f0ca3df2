import type { AppRouter } from '@synap/api';
import { createTRPCClient, httpLink } from '@trpc/client';
import type { inferRouterOutputs } from '@trpc/server';
import { watchedFetch } from './connection.ts';

export type Outputs = inferRouterOutputs<AppRouter>;

export type Entity = Outputs['entities']['get'];
export type EntityType = Entity['type'];
export type TaskStatus = NonNullable<Entity['task']>['status'];
export type HistoryItem = Outputs['entities']['history']['items'][number];
export type SearchItem = Outputs['search']['query']['items'][number];

type Client = ReturnType<typeof createTRPCClient<AppRouter>>;

/** The typed client. Each call is a request of its own, so that a slow one holds up none, and an aborted one ends. */
export const api: Client = createTRPCClient<AppRouter>({ links: [httpLink({ url: '/trpc', fetch: watchedFetch })] });

/** Where the bytes of an entity's content are. */
export function contentUrl(id: string, version?: number): string {
  return `/api/v1/entities/${id}/content${version === undefined ? '' : `?version=${version}`}`;
}
