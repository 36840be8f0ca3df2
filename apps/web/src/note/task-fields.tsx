import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, type Entity, type TaskStatus } from '../api/client.ts';
import { TASK_LABELS } from '../list/entity-card.tsx';
import { entityChanged } from '../list/feed-cache.ts';
import { formatExact } from '../ui/format.ts';
import { Failed } from '../ui/states.tsx';

const STATUSES = Object.entries(TASK_LABELS) as [TaskStatus, string][];
const PRIORITIES = ['None', 'Low', 'Medium', 'High'] as const;

interface Change {
  readonly status?: TaskStatus;
  readonly priority?: number;
  readonly dueDate?: string | null;
}

/** A task's status, priority and date, saved as they are chosen. */
export function TaskFields({ entity, readOnly }: { readonly entity: Entity; readonly readOnly: boolean }) {
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: (task: Change) => {
      const { id, version: expectedVersion } = entity;
      return task.status === undefined
        ? api.entities.update.mutate({ id, expectedVersion, task })
        : api.tasks.setStatus.mutate({ id, expectedVersion, status: task.status });
    },
    onSuccess: (saved) => entityChanged(queries, saved),
    onError: () => queries.invalidateQueries({ queryKey: ['entity', entity.id] }),
  });
  const { task } = entity;
  if (!task) return null;
  const disabled = readOnly || save.isPending;
  return (
    <>
      <fieldset className="task" disabled={disabled}>
        <legend className="hidden">Task</legend>
        <label>
          <span>Status</span>
          <select value={task.status} onChange={(event) => save.mutate({ status: event.target.value as TaskStatus })}>
            {STATUSES.map(([status, label]) => (
              <option key={status} value={status}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Priority</span>
          <select value={task.priority} onChange={(event) => save.mutate({ priority: Number(event.target.value) })}>
            {PRIORITIES.map((label, priority) => (
              <option key={label} value={priority}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Due</span>
          <input
            type="date"
            value={task.dueDate?.slice(0, 10) ?? ''}
            onChange={(event) =>
              save.mutate({ dueDate: event.target.value ? `${event.target.value}T00:00:00.000Z` : null })
            }
          />
        </label>
        {task.completedAt && <p className="soft">Done on {formatExact(task.completedAt)}</p>}
      </fieldset>
      {save.isError && <Failed error={save.error} />}
    </>
  );
}
