import { type Entity, EntityType, FileType } from '@synap/types';
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

/**
 * Whether it is written as Markdown with front matter: text, or something that has no content and is all front matter.
 * A file is what was uploaded, Markdown as well.
 */
export function isText({ type, fileType }: Entity): boolean {
  return type !== EntityType.FILE && (fileType === null || fileType === FileType.MARKDOWN);
}

/** A readable name for what has no path: a file's own, or of the title, or else of the first words. */
export function fileNameOf(entity: Entity): string {
  const { type, title, preview, fileType } = entity;
  if (isText(entity)) return `${nameFromTitle(title ?? preview)}.md`;
  const [, stem = '', extension = ''] = /^(.*?)(\.[a-z0-9]{1,10})?$/is.exec(title ?? preview) ?? [];
  const isPlain = type === EntityType.FILE && (fileType === FileType.MARKDOWN || fileType === FileType.OTHER);
  const missing = isPlain && title !== null ? '' : EXTENSIONS[fileType ?? FileType.OTHER];
  return nameFromTitle(stem) + (extension || missing);
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
