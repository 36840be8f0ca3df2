import type { HistoryItem } from '../api/client.ts';
import { TASK_LABELS } from '../list/entity-card.tsx';
import { formatSize } from '../ui/format.ts';

const EVENTS: Readonly<Record<string, string>> = {
  'entity.created': 'Created',
  'entity.updated': 'Changed',
  'entity.title_changed': 'Renamed',
  'entity.file_uploaded': 'Content changed',
  'entity.deleted': 'Deleted',
  'entity.restored': 'Restored',
  'task.status_changed': 'Status changed',
  'task.completed': 'Done',
};

/** What happened, in a word or two. */
export function eventLabel({ eventType, changes }: HistoryItem): string {
  const { restoredVersion } = changes;
  if (typeof restoredVersion === 'number') return `Version ${restoredVersion} restored`;
  return EVENTS[eventType] ?? eventType;
}

/** What it changed, one sentence each. */
export function changeLabels({ changes }: HistoryItem): string[] {
  const { title, tags, fileSize, status, priority, dueDate, path } = changes;
  const labels: string[] = [];
  if (typeof title === 'string') labels.push(`Title: ${title}`);
  if (title === null) labels.push('Title removed');
  if (Array.isArray(tags))
    labels.push(tags.length === 0 ? 'Tags removed' : `Tags: ${tags.map((tag) => `#${tag}`).join(' ')}`);
  if (typeof fileSize === 'number') labels.push(`Content: ${formatSize(fileSize)}`);
  if (typeof status === 'string') labels.push(`Status: ${TASK_LABELS[status as keyof typeof TASK_LABELS] ?? status}`);
  if (typeof priority === 'number') labels.push(`Priority: ${priority}`);
  if (typeof dueDate === 'string') labels.push(`Due: ${dueDate.slice(0, 10)}`);
  if (typeof path === 'string') labels.push(`Path: ${path}`);
  return labels;
}
