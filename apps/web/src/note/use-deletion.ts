import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { api, type Entity } from '../api/client.ts';
import { explain } from '../api/errors.ts';
import { entityChanged } from '../list/feed-cache.ts';
import { titleOf } from '../list/title.ts';
import { notify } from '../shell/toasts.tsx';

export interface Restoring {
  readonly entity: Entity;
  /** Whose state is brought back; absent: only the deletion is undone. */
  readonly version?: number;
}

/** Deletes an entity, and offers to undo that. */
export function useDelete() {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const restore = useRestore();
  return useMutation({
    mutationFn: ({ id, version }: Entity) => api.entities.delete.mutate({ id, expectedVersion: version }),
    onSuccess: async (deleted) => {
      notify({
        title: `Deleted “${titleOf(deleted)}”.`,
        action: { label: 'Undo', run: () => restore.mutate({ entity: deleted }) },
      });
      // A late answer takes nobody away from what they do now.
      if (location.pathname === `/notes/${deleted.id}`) navigate('/');
      await entityChanged(queries, deleted);
    },
    onError: async (error, { id }) => {
      notify({ title: explain(error).text });
      await queries.invalidateQueries({ queryKey: ['entity', id] });
    },
  });
}

export function useRestore() {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  return useMutation({
    mutationFn: ({ entity, version }: Restoring) =>
      api.entities.restore.mutate({
        id: entity.id,
        expectedVersion: entity.version,
        ...(version !== undefined && { version }),
      }),
    onSuccess: async (restored, { version }) => {
      const what =
        version === undefined ? `Restored “${titleOf(restored)}”.` : `Version ${version} is the newest again.`;
      notify({ title: what });
      await entityChanged(queries, restored);
      navigate(`/notes/${restored.id}`);
    },
    onError: async (error, { entity }) => {
      notify({ title: explain(error).text });
      await queries.invalidateQueries({ queryKey: ['entity', entity.id] });
    },
  });
}
