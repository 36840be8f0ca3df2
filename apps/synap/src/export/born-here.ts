import { type Entity, FileType } from '@synap/types';
import { stringify } from 'yaml';
import { nameFromTitle } from './names.ts';

const EXTENSIONS: Readonly<Record<FileType, string>> = {
  markdown: '.md',
  pdf: '.pdf',
  audio: '.audio',
  video: '.video',
  image: '.image',
  other: '.bin',
};

/** Whether it is written as Markdown: text, or something that has no content and is all front matter. */
export function isText(entity: Entity): boolean {
  return entity.fileType === null || entity.fileType === FileType.MARKDOWN;
}

/** A readable name for what has no path: its title, or else its first words. */
export function fileNameOf(entity: Entity): string {
  const name = nameFromTitle(entity.title ?? entity.preview);
  if (isText(entity)) return `${name}.md`;
  return /\.[a-z0-9]{1,10}$/i.test(name) ? name : `${name}${EXTENSIONS[entity.fileType ?? FileType.OTHER]}`;
}

/** What the content does not say of an entity, as YAML between lines of `---`. */
export function frontMatter(entity: Entity): string {
  const { title, tags, createdAt, updatedAt, type, task } = entity;
  const fields = {
    ...(title !== null && { title }),
    ...(tags.length > 0 && { tags }),
    created: createdAt,
    updated: updatedAt,
    type,
    ...(task && {
      status: task.status,
      priority: task.priority,
      ...(task.dueDate !== null && { due: task.dueDate }),
      ...(task.completedAt !== null && { completed: task.completedAt }),
    }),
  };
  return `---\n${stringify(fields, { lineWidth: 0 })}---\n`;
}
