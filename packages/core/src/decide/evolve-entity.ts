import {
  type Checksum,
  type EntityId,
  type EntityType,
  EventType,
  type FileType,
  type Origin,
  type StorageKey,
  SynapError,
  type TaskDetails,
} from '@synap/types';
import type { EntityState, StateEvent } from './entity-state.ts';

/** The fields of all entity events together; which ones an event has, its schema says. */
interface Fields {
  readonly type?: EntityType;
  readonly key?: StorageKey | null;
  readonly fileType?: FileType | null;
  readonly task?: TaskDetails | null;
  readonly title?: string | null;
  readonly tags?: readonly string[];
  readonly preview?: string;
  readonly path?: string | null;
  readonly checksum?: Checksum | null;
  readonly size?: number | null;
  readonly origin?: Origin;
}

const CHANGES: ReadonlySet<string> = new Set([
  EventType.ENTITY_UPDATED,
  EventType.ENTITY_TITLE_CHANGED,
  EventType.ENTITY_FILE_UPLOADED,
  EventType.ENTITY_DELETED,
  EventType.ENTITY_RESTORED,
  EventType.TASK_STATUS_CHANGED,
  EventType.TASK_COMPLETED,
]);

/**
 * The state after one more event. Gives what `project_events` of packages/database gives in SQL; whoever changes one of
 * them changes both.
 * @throws {SynapError} `INVALID_EVENT` if the event is none of an entity's, or cannot come next
 */
export function evolveEntity(state: EntityState | null, event: StateEvent): EntityState {
  // The schema of the event's type was checked when it was written, and again when it was read.
  const fields = { ...event.data, ...event.private } as Fields;
  if (event.eventType === EventType.ENTITY_CREATED && !state) return created(event, fields);
  if (!CHANGES.has(event.eventType) || state?.version !== event.version - 1) {
    throw new SynapError('INVALID_EVENT', 'This event cannot follow on the ones before it.', {
      details: { eventType: event.eventType, version: event.version, after: state?.version ?? 0 },
    });
  }
  return {
    ...state,
    title: fields.title === undefined ? state.title : fields.title,
    preview: fields.preview ?? state.preview,
    tags: fields.tags ?? state.tags,
    path: fields.path === undefined ? state.path : fields.path,
    key: fields.key === undefined ? state.key : fields.key,
    fileSize: fields.size === undefined ? state.fileSize : fields.size,
    fileType: fields.fileType === undefined ? state.fileType : fields.fileType,
    checksum: fields.checksum === undefined ? state.checksum : fields.checksum,
    task: fields.task ?? state.task,
    origin: fields.origin ?? state.origin,
    version: event.version,
    updatedAt: event.timestamp,
    deletedAt: deletedAfter(state, event),
  };
}

function created(event: StateEvent, fields: Fields): EntityState {
  const { type } = fields;
  if (type === undefined || event.version !== 1) {
    throw new SynapError('INVALID_EVENT', 'An entity begins with its type, at version 1.', {
      details: { version: event.version },
    });
  }
  return {
    id: event.aggregateId as EntityId,
    type,
    title: fields.title ?? null,
    preview: fields.preview ?? '',
    tags: fields.tags ?? [],
    path: fields.path ?? null,
    version: event.version,
    key: fields.key ?? null,
    fileSize: fields.size ?? null,
    fileType: fields.fileType ?? null,
    checksum: fields.checksum ?? null,
    createdAt: event.timestamp,
    updatedAt: event.timestamp,
    deletedAt: null,
    task: fields.task ?? null,
    origin: fields.origin ?? null,
  };
}

function deletedAfter(state: EntityState, event: StateEvent): EntityState['deletedAt'] {
  if (event.eventType === EventType.ENTITY_DELETED) return event.timestamp;
  if (event.eventType === EventType.ENTITY_RESTORED) return null;
  return state.deletedAt;
}

/**
 * The state that the events of one entity lead to, in order from the first; null without any.
 * @throws {SynapError} `INVALID_EVENT` if a version is missing or an event is out of place
 */
export function foldEntity(events: Iterable<StateEvent>): EntityState | null {
  let state: EntityState | null = null;
  for (const event of events) state = evolveEntity(state, event);
  return state;
}
