import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Entity } from '../api/client.ts';
import { formatSize } from '../ui/format.ts';
import { Time } from '../ui/time.tsx';
import { Tags } from './tags.tsx';
import { previewBeyond, previewText, titleOf } from './title.ts';

export const TYPE_LABELS = {
  note: 'Note',
  task: 'Task',
  project: 'Project',
  page: 'Page',
  event: 'Event',
  idea: 'Idea',
  file: 'File',
} as const satisfies Record<Entity['type'], string>;

/** One entity in a list. The title is the link; the rest is there to be read. */
export function EntityCard({ entity, children }: { readonly entity: Entity; readonly children?: ReactNode }) {
  const untitled = entity.title === null;
  // What has no title is shown by its words, which need no second showing.
  const title = untitled && !children ? previewText(entity.preview) || titleOf(entity) : titleOf(entity);
  const preview = children ?? (untitled ? null : previewBeyond(title, entity.preview));
  return (
    <article className="entity card">
      <h2 className={untitled ? 'entity-title plain' : 'entity-title'} dir="auto">
        <Link href={`/notes/${entity.id}`} data-list-link>
          {title}
        </Link>
      </h2>
      {preview && (
        <p className="entity-preview" dir="auto">
          {preview}
        </p>
      )}
      <div className="entity-foot">
        <p className="soft">
          {entity.type !== 'note' && <span className="type">{TYPE_LABELS[entity.type]}</span>}
          {entity.task && <span>{TASK_LABELS[entity.task.status]}</span>}
          {entity.type === 'file' && entity.fileSize !== null && <span>{formatSize(entity.fileSize)}</span>}
          {entity.path && <span className="path">{entity.path}</span>}
          <Time at={entity.createdAt} />
        </p>
        <Tags tags={entity.tags} />
      </div>
    </article>
  );
}

export const TASK_LABELS = {
  todo: 'To do',
  in_progress: 'In progress',
  done: 'Done',
  cancelled: 'Cancelled',
} as const satisfies Record<NonNullable<Entity['task']>['status'], string>;
