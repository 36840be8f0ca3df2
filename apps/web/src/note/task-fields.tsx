import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type KeyboardEvent, useState } from 'react';
import { api, type Entity, type TaskStatus } from '../api/client.ts';
import { TASK_LABELS } from '../list/entity-card.tsx';
import { entityChanged, entityKey } from '../list/feed-cache.ts';
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
  const [choices, setChoices] = useState<Change>({});
  const mutationKey = ['task', entity.id];
  const save = useMutation({
    mutationKey,
    // One after the other: each is written against the version that the one before it made.
    scope: { id: mutationKey.join(' ') },
    onMutate: (change: Change) => setChoices((before) => ({ ...before, ...change })),
    mutationFn: (task: Change) => {
      const { id } = entity;
      const { version: expectedVersion } = queries.getQueryData<Entity>(entityKey(id)) ?? entity;
      return task.status === undefined
        ? api.entities.update.mutate({ id, expectedVersion, task })
        : api.tasks.setStatus.mutate({ id, expectedVersion, status: task.status });
    },
    onSuccess: (saved) => entityChanged(queries, saved),
    onError: () => queries.invalidateQueries({ queryKey: ['entity', entity.id] }),
    // What was chosen is shown until all of it is saved; this one is still counted.
    onSettled: () => queries.isMutating({ mutationKey }) <= 1 && setChoices({}),
  });
  if (!entity.task) return null;
  const task = { ...entity.task, ...choices };
  return (
    <>
      <fieldset className="task" disabled={readOnly} aria-busy={save.isPending}>
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
        <DueDate
          date={task.dueDate?.slice(0, 10) ?? ''}
          save={(date) => save.mutate({ dueDate: date === '' ? null : `${date}T00:00:00.000Z` })}
        />
        {task.completedAt && <p className="soft">Done on {formatExact(task.completedAt)}</p>}
      </fieldset>
      {save.isError && <Failed error={save.error} />}
    </>
  );
}

interface DueDateProps {
  /** `YYYY-MM-DD`, or '' for none. */
  readonly date: string;
  readonly save: (date: string) => void;
}

/** A date that is saved when it is whole: the first digit of a year already makes one, in the first century. */
function DueDate({ date, save }: DueDateProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const commit = ({ value, validity }: HTMLInputElement) => {
    if (validity.badInput) return;
    setTyped(null);
    if (value !== date) save(value);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'Enter') commit(event.currentTarget);
  };
  return (
    <label>
      <span>Due</span>
      <input
        type="date"
        value={typed ?? date}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={(event) => commit(event.target)}
        onKeyDown={onKeyDown}
      />
    </label>
  );
}
