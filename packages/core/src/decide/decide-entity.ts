import {
  type Checksum,
  EntityType,
  EventType,
  type FileType,
  type JsonObject,
  type Origin,
  type StorageKey,
  SynapError,
  type TaskDetails,
  type TaskInput,
  TaskStatus,
  type Timestamp,
} from '@synap/types';
import type { EntityState, EventDraft } from './entity-state.ts';

/** Content that is stored already: where it is, and what is known of it. */
export interface ContentReference {
  readonly key: StorageKey;
  readonly fileType: FileType;
  readonly checksum: Checksum;
  /** Bytes. */
  readonly size: number;
  readonly preview: string;
}

/** Values are taken as they are: titles, tags and paths were checked and normalised before (`@synap/types`). */
export type EntityCommand =
  | {
      readonly kind: 'create';
      readonly type: EntityType;
      readonly title: string | null;
      readonly tags: readonly string[];
      readonly path: string | null;
      readonly content: ContentReference | null;
      readonly task?: TaskInput;
      readonly origin?: Origin;
    }
  | {
      readonly kind: 'update';
      readonly title?: string | null;
      readonly tags?: readonly string[];
      readonly path?: string | null;
      readonly content?: ContentReference;
      readonly task?: TaskInput;
      readonly origin?: Origin;
    }
  | { readonly kind: 'set-status'; readonly status: TaskStatus }
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'restore';
      /** The past state that is to come back; without it only the deletion is undone. */
      readonly to?: EntityState;
    };

const NEW_TASK: TaskDetails = { status: TaskStatus.TODO, priority: 0, dueDate: null, completedAt: null };

/**
 * What a command means for an entity: one event, or null if it changes nothing.
 * @param state null if there is no such entity yet
 * @param now the time at which a task counts as completed
 * @throws {SynapError} `INVALID_STATE` if the command makes no sense for the entity as it is
 */
export function decideEntity(state: EntityState | null, command: EntityCommand, now: Timestamp): EventDraft | null {
  if (command.kind === 'create') return create(state, command, now);
  if (!state) throw new SynapError('INVALID_STATE', 'It must be created first.');
  switch (command.kind) {
    case 'update':
      return update(state, command, now);
    case 'set-status':
      return update(state, { kind: 'update', task: { status: command.status } }, now);
    case 'delete':
      return state.deletedAt === null ? { eventType: EventType.ENTITY_DELETED, data: {}, private: {} } : null;
    case 'restore':
      return command.to ? restoreVersion(state, command.to) : undelete(state);
  }
}

type Create = Extract<EntityCommand, { kind: 'create' }>;
type Update = Extract<EntityCommand, { kind: 'update' }>;

function create(state: EntityState | null, command: Create, now: Timestamp): EventDraft {
  if (state) throw new SynapError('INVALID_STATE', 'It exists already.');
  const { type, title, tags, path, content } = command;
  const isTask = type === EntityType.TASK;
  if (command.task && !isTask) throw notATask();
  return {
    eventType: EventType.ENTITY_CREATED,
    data: {
      type,
      key: content?.key ?? null,
      fileType: content?.fileType ?? null,
      task: isTask ? json(changedTask(NEW_TASK, command.task ?? {}, now)) : null,
    },
    private: {
      title,
      tags,
      preview: content?.preview ?? '',
      path,
      checksum: content?.checksum ?? null,
      size: content?.size ?? null,
      ...(command.origin && { origin: { ...command.origin } }),
    },
  };
}

function update(state: EntityState, command: Update, now: Timestamp): EventDraft | null {
  if (state.deletedAt !== null) {
    throw new SynapError('INVALID_STATE', 'This is deleted. Restore it first, then change it.');
  }
  if (command.task && !state.task) throw notATask();
  const { title, tags, path, origin } = command;
  const task = command.task && state.task && changedTask(state.task, command.task, now);
  const taskChanged = task && state.task && !sameTask(task, state.task);
  const content = command.content && !sameContent(state, command.content) ? command.content : undefined;
  const data: JsonObject = {
    ...(content && { key: content.key, fileType: content.fileType }),
    ...(taskChanged && { task: json(task) }),
  };
  const hidden: JsonObject = {
    ...(title !== undefined && title !== state.title && { title }),
    ...(tags && !sameList(tags, state.tags) && { tags }),
    ...(path !== undefined && path !== state.path && { path }),
    ...(content && { checksum: content.checksum, size: content.size, preview: content.preview }),
    ...(origin && !sameOrigin(origin, state.origin) && { origin: { ...origin } }),
  };
  const names = [...Object.keys(data), ...Object.keys(hidden)];
  if (names.length === 0) return null;
  return { eventType: updateType(names, state.task, task), data, private: hidden };
}

/** The most specific event type that says all of a change. */
function updateType(
  names: readonly string[],
  before: TaskDetails | null,
  after: TaskDetails | null | undefined,
): EventType {
  if (names.length === 1 && names[0] === 'title') return EventType.ENTITY_TITLE_CHANGED;
  if (names.every((name) => CONTENT_FIELDS.has(name))) return EventType.ENTITY_FILE_UPLOADED;
  if (names.length === 1 && before && after && isStatusOnly(before, after)) {
    return after.status === TaskStatus.DONE ? EventType.TASK_COMPLETED : EventType.TASK_STATUS_CHANGED;
  }
  return EventType.ENTITY_UPDATED;
}

const CONTENT_FIELDS: ReadonlySet<string> = new Set(['key', 'fileType', 'checksum', 'size', 'preview']);

function isStatusOnly(before: TaskDetails, after: TaskDetails): boolean {
  return before.status !== after.status && before.priority === after.priority && before.dueDate === after.dueDate;
}

function undelete(state: EntityState): EventDraft | null {
  return state.deletedAt === null ? null : { eventType: EventType.ENTITY_RESTORED, data: {}, private: {} };
}

function restoreVersion(state: EntityState, to: EntityState): EventDraft | null {
  if (state.deletedAt === null && sameState(state, to)) return null;
  return {
    eventType: EventType.ENTITY_RESTORED,
    data: { version: to.version, key: to.key, fileType: to.fileType, task: to.task && json(to.task) },
    private: {
      title: to.title,
      tags: to.tags,
      preview: to.preview,
      path: to.path,
      checksum: to.checksum,
      size: to.fileSize,
    },
  };
}

/** A task after a change. It is completed when it becomes done, keeps that time while it stays so, and loses it after. */
function changedTask(task: TaskDetails, change: TaskInput, now: Timestamp): TaskDetails {
  const status = change.status ?? task.status;
  const dueDate = change.dueDate === undefined ? task.dueDate : (change.dueDate as Timestamp | null);
  return {
    status,
    priority: change.priority ?? task.priority,
    dueDate,
    completedAt: status === TaskStatus.DONE ? (task.completedAt ?? now) : null,
  };
}

function sameTask(a: TaskDetails | null, b: TaskDetails | null): boolean {
  if (!a || !b) return a === b;
  return (
    a.status === b.status && a.priority === b.priority && a.dueDate === b.dueDate && a.completedAt === b.completedAt
  );
}

/** Content is the same if its bytes are, wherever they are stored. */
function sameContent(state: EntityState, content: Pick<ContentReference, 'checksum' | 'fileType'>): boolean {
  return state.checksum === content.checksum && state.fileType === content.fileType;
}

function sameState(a: EntityState, b: EntityState): boolean {
  return (
    a.title === b.title &&
    a.path === b.path &&
    a.checksum === b.checksum &&
    a.fileType === b.fileType &&
    sameList(a.tags, b.tags) &&
    sameTask(a.task, b.task)
  );
}

function sameOrigin(a: Origin, b: Origin | null): boolean {
  return a.source === b?.source && a.path === b.path && a.checksum === b.checksum && a.modifiedAt === b.modifiedAt;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

/** A spread, because an interface is not assignable to a type with an index signature. */
function json(task: TaskDetails): JsonObject {
  return { ...task };
}

function notATask(): SynapError {
  return new SynapError('INVALID_STATE', 'This is not a task: it has no status, priority or due date.');
}
