import { useQuery } from '@tanstack/react-query';
import { api, type Entity, type Outputs } from '../api/client.ts';
import { entityKey } from '../list/feed-cache.ts';

/** A version never changes, so it is read once; the newest one is read again. */
export function useEntity(id: string, version?: number) {
  return useQuery({
    queryKey: entityKey(id, version),
    queryFn: ({ signal }) => api.entities.get.query({ id, ...(version !== undefined && { version }) }, { signal }),
    ...(version !== undefined && { staleTime: Infinity }),
  });
}

/** Whether the content is text that the page shows and edits. */
export function hasText({ type, fileType }: Entity): boolean {
  return fileType === 'markdown' || (fileType === null && type !== 'file');
}

/** The text of one version, which never changes. */
export function useContent(id: string, version: number | undefined, enabled = true) {
  return useQuery({
    queryKey: ['content', id, version],
    queryFn: async ({ signal }) => {
      const { content } = await api.entities.content.query(
        { id, ...(version !== undefined && { version }) },
        { signal },
      );
      return content;
    },
    enabled: enabled && version !== undefined,
    staleTime: Infinity,
    // A few long notes would otherwise fill the memory of the page.
    gcTime: 60_000,
  });
}

/** What the links of a version lead to, as of now: that changes with other notes. */
export function useLinks(id: string, version: number | undefined, enabled: boolean) {
  return useQuery({
    queryKey: ['links', id, version],
    queryFn: async ({ signal }) => {
      const { items } = await api.entities.links.query({ id, ...(version !== undefined && { version }) }, { signal });
      return items;
    },
    enabled: enabled && version !== undefined,
  });
}

export interface Neighbour {
  readonly entity: Entity;
  readonly direction: 'to' | 'from';
  readonly type: Relation['type'];
}

type Neighborhood = Outputs['graph']['neighbors'];
type Relation = Neighborhood['edges'][number];

/** What is related to an entity, and which way. */
export function useNeighbours(id: string) {
  return useQuery({
    queryKey: ['relations', id],
    queryFn: async ({ signal }) => {
      const around = await api.graph.neighbors.query({ id }, { signal });
      return { items: neighboursOf(id, around), more: around.truncated };
    },
  });
}

export function neighboursOf(id: string, { nodes, edges }: Pick<Neighborhood, 'nodes' | 'edges'>): Neighbour[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return edges.flatMap(({ sourceId, targetId, type }) => {
    const direction = sourceId === id ? 'to' : 'from';
    const entity = byId.get(direction === 'to' ? targetId : sourceId);
    return entity ? [{ entity, direction, type } as const] : [];
  });
}
