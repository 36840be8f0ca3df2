import type {
  AggregateId,
  Checksum,
  Entity,
  EntityId,
  EntityType,
  EventRecord,
  EventType,
  FileType,
  JsonObject,
  Origin,
  StorageKey,
  TaskDetails,
  Timestamp,
} from '@synap/types';

/** All that the events of an entity say about it, at one version. */
export interface EntityState {
  readonly id: EntityId;
  readonly type: EntityType;
  readonly title: string | null;
  readonly preview: string;
  readonly tags: readonly string[];
  /** Where it stands in the person's own library, if it was imported. */
  readonly path: string | null;
  readonly version: number;
  /** Under which key its content is stored; null without content. */
  readonly key: StorageKey | null;
  /** Bytes. */
  readonly fileSize: number | null;
  readonly fileType: FileType | null;
  readonly checksum: Checksum | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly deletedAt: Timestamp | null;
  /** Null for everything but tasks. */
  readonly task: TaskDetails | null;
  /** Null for what was not imported. */
  readonly origin: Origin | null;
}

/** What a decision says is to be written: an event that has no place in the log yet. */
export interface EventDraft {
  readonly eventType: EventType;
  readonly data: JsonObject;
  readonly private: JsonObject;
}

/** The part of an event that state follows from. */
export type StateEvent = Pick<EventRecord, 'eventType' | 'data' | 'private' | 'timestamp'> & {
  readonly aggregateId: AggregateId;
  readonly version: number;
};

/** An entity as its user reads it. */
export function toEntity(state: EntityState): Entity {
  const { key: _, task, origin, ...shown } = state;
  return { ...shown, ...(task && { task }), ...(origin && { origin }), enrichment: { status: 'off' } };
}

/** The inverse of `toEntity`, with the storage key that a user does not see. */
export function stateOf(entity: Entity, key: StorageKey | null): EntityState {
  const { enrichment: _, task = null, origin = null, ...shown } = entity;
  return { ...shown, task, origin, key };
}
