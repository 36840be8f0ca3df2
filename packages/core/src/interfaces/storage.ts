import type {
  CorrelationId,
  Entity,
  EntityId,
  EntityType,
  EventSource,
  FileType,
  JsonObject,
  Origin,
  Relation,
  RelationId,
  RelationType,
  StorageKey,
  TaskInput,
  TaskStatus,
  Timestamp,
  UserId,
} from '@synap/types';
import type { ContentReference } from '../decide/decide-entity.ts';

/** Makes a retry give the first result instead of doing its work again. */
export interface IdempotencyKey {
  /** The same key under another procedure is another key. */
  readonly procedure: string;
  readonly key: string;
  /** What the caller asked for, by which a key that is used again for something else is told. */
  readonly input: unknown;
}

/** What goes with a write. All of it may be absent. */
export interface WriteOptions {
  readonly idempotencyKey?: IdempotencyKey;
  /** What this write belongs together with. */
  readonly correlationId?: CorrelationId;
  /** Who caused it. Default `api`. */
  readonly source?: EventSource;
  /** When it happened, if that was not now: the file's own time, for an import. */
  readonly timestamp?: Timestamp;
}

export interface ChangeOptions extends WriteOptions {
  /** The version that the caller saw. Without it the change is made to whatever is there. */
  readonly expectedVersion?: number;
}

export interface NewEntity {
  readonly userId: UserId;
  /**
   * Chosen by a caller who has stored the content under it, or has to find it again without asking; `VERSION_CONFLICT`
   * if there is one already. Default: a new one.
   */
  readonly id?: EntityId;
  readonly type: EntityType;
  /** Text, or the bytes of a file. Absent: an entity without content, which is not the same as an empty one. */
  readonly content?: string | Uint8Array;
  /** Content that is in the store already, durable and checked; instead of `content`. */
  readonly stored?: ContentReference;
  /** What kind of file the content is. Default `markdown` for text, `other` for bytes. */
  readonly fileType?: FileType;
  readonly title?: string | null;
  readonly tags?: readonly string[];
  /** Where it stands in the person's own library, if it is imported. */
  readonly path?: string | null;
  /** For tasks only. */
  readonly task?: TaskInput;
  /** Of what is imported. */
  readonly origin?: Origin;
}

/** What is to change; what is absent stays. */
export interface EntityChange {
  readonly title?: string | null;
  readonly content?: string | Uint8Array;
  /** Content that is in the store already, durable and checked; instead of `content`. */
  readonly stored?: ContentReference;
  /** Goes with `content`. Default `markdown` for text; for bytes, what the entity has, or else `other`. */
  readonly fileType?: FileType;
  readonly tags?: readonly string[];
  readonly path?: string | null;
  /** What is absent in it stays as well. */
  readonly task?: TaskInput;
  readonly origin?: Origin;
}

/** Which state of an entity is read: that of a version, that of an instant, or the newest. Not both. */
export interface ReadOptions {
  readonly version?: number;
  readonly at?: Date;
}

export interface EntityContent {
  readonly entity: Entity;
  /** As they were written, byte for byte, checked against their checksum. Empty for an entity without content. */
  readonly bytes: Uint8Array;
}

/** The content of an entity, not read yet. */
export interface ContentSource {
  readonly entity: Entity;
  /** Where it is; null for an entity without content. */
  readonly key: StorageKey | null;
  /**
   * Its bytes in pieces. The whole is checked against its checksum, and the last piece comes only if that is right; a
   * part cannot be checked.
   * @param range the first and the last byte
   * @throws {SynapError} `CHECKSUM_MISMATCH` at the call or at the end, if the store lost or changed the content;
   * `VALIDATION_FAILED` for a range behind its end
   */
  open(range?: { readonly start: number; readonly end: number }): Promise<AsyncIterable<Uint8Array>>;
}

/** An address that reads one version's content, and when it stops doing so. */
export interface SignedLink {
  readonly url: string;
  readonly expiresAt: Timestamp;
}

export interface EntityQuery {
  readonly type?: EntityType;
  readonly tag?: string;
  readonly status?: TaskStatus;
  /** The library as of this instant. */
  readonly at?: Date;
  /** True for the deleted ones only. Default: those that are not. */
  readonly deleted?: boolean;
  readonly cursor?: string;
  /** 1 to 100. Default 50. */
  readonly limit?: number;
}

export interface PageQuery {
  readonly cursor?: string;
  /** 1 to 100. Default 50. */
  readonly limit?: number;
}

export interface PageOf<Item> {
  readonly items: readonly Item[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/** One version of an entity, told by what it changed. */
export interface HistoryItem {
  readonly version: number;
  readonly eventType: string;
  readonly timestamp: Timestamp;
  readonly source: EventSource;
  /** The user who did it, or for whom it was done. */
  readonly actor: UserId;
  /** What changed, with the new values. */
  readonly changes: JsonObject;
}

/** A relation is found by its ends and type, so a retry needs no key to give the first result. */
export type RelationOptions = Omit<WriteOptions, 'idempotencyKey'>;

export interface NewRelation {
  readonly userId: UserId;
  readonly sourceId: EntityId;
  readonly targetId: EntityId;
  readonly type: RelationType;
}

/** What is around an entity. */
export interface Neighborhood {
  /** The entity itself first, then what was met, nearest first. Nothing deleted. */
  readonly nodes: readonly Entity[];
  /** The relations by which it was met; both ends of each are among the nodes. */
  readonly edges: readonly Relation[];
  /** Whether there is more than is told. */
  readonly truncated: boolean;
}

/**
 * Keeps a user's entities with every version of them.
 *
 * When a write resolves it is durable. What belongs to another user is as if it were not there: `NOT_FOUND`. Every method
 * throws a `SynapError`; besides the codes named with a method any of them may throw what says that a store does not
 * work: `DATABASE_UNAVAILABLE`, `DATABASE_FAILED`, `STORAGE_UNAVAILABLE`, `STORAGE_ACCESS_DENIED`, `STORAGE_FULL`,
 * `OVERLOADED`, `SHUTTING_DOWN`.
 *
 * A write that would change nothing makes no version and gives the entity as it is. With an idempotency key, a write that
 * was done before gives the first result; `IDEMPOTENCY_KEY_REUSED` if its input was another.
 */
export interface IStorage {
  /**
   * @throws {SynapError} `INVALID_TEXT`, `TITLE_TOO_LONG`, `TOO_MANY_TAGS`, `TAG_TOO_LONG`, `VALIDATION_FAILED` (an
   * empty tag), `CONTENT_TOO_LARGE`, `INVALID_STATE` (`task` for what is no task)
   */
  createEntity(data: NewEntity, options?: WriteOptions): Promise<Entity>;

  /**
   * Deleted entities are read as well, and tell when they were deleted.
   * @throws {SynapError} `NOT_FOUND`, also for a version or an instant at which it did not exist; `VALIDATION_FAILED` if
   * both version and instant are given
   */
  getEntity(id: EntityId, userId: UserId, options?: ReadOptions): Promise<Entity>;

  /**
   * The content as text; '' for an entity without content.
   * @throws {SynapError} as `getEntityBytes`; `INVALID_STATE` if the content is a file that is no text, or longer than a
   * text may be
   */
  getEntityContent(id: EntityId, userId: UserId, options?: ReadOptions): Promise<string>;

  /** @throws {SynapError} as `getEntity`; `CHECKSUM_MISMATCH` if the store lost or changed the content */
  getEntityBytes(id: EntityId, userId: UserId, options?: ReadOptions): Promise<EntityContent>;

  /** To read content of any size. @throws {SynapError} as `getEntity` */
  openEntityContent(id: EntityId, userId: UserId, options?: ReadOptions): Promise<ContentSource>;

  /**
   * @param options `expiresIn` in seconds, 1 to 604,800; an hour if absent
   * @throws {SynapError} as `getEntity`; `INVALID_STATE` for an entity without content; `VALIDATION_FAILED`
   */
  getEntityUrl(
    id: EntityId,
    userId: UserId,
    options?: ReadOptions & { readonly expiresIn?: number },
  ): Promise<SignedLink>;

  /** By creation, newest first. @throws {SynapError} `VALIDATION_FAILED` for a cursor that is none */
  listEntities(userId: UserId, query?: EntityQuery): Promise<PageOf<Entity>>;

  /** Tags of what is not deleted, by name. */
  listTags(userId: UserId): Promise<readonly { readonly name: string; readonly count: number }[]>;

  /** Every version, newest first. @throws {SynapError} `NOT_FOUND`, `VALIDATION_FAILED` for a cursor that is none */
  getHistory(id: EntityId, userId: UserId, query?: PageQuery): Promise<PageOf<HistoryItem>>;

  /**
   * @throws {SynapError} as `createEntity`, and `NOT_FOUND`; `VERSION_CONFLICT` with `details.actualVersion` if
   * `expectedVersion` is not the version; `INVALID_STATE` for a deleted entity
   */
  updateEntity(id: EntityId, userId: UserId, change: EntityChange, options?: ChangeOptions): Promise<Entity>;

  /** `updateEntity` with content alone. */
  updateEntityContent(
    id: EntityId,
    userId: UserId,
    content: string | Uint8Array,
    options?: ChangeOptions,
  ): Promise<Entity>;

  /** @throws {SynapError} `NOT_FOUND`, `VERSION_CONFLICT`, `INVALID_STATE` for what is no task, or deleted */
  setTaskStatus(id: EntityId, userId: UserId, status: TaskStatus, options?: ChangeOptions): Promise<Entity>;

  /** Hides it; every version stays readable. Once more is no error. @throws {SynapError} `NOT_FOUND`, `VERSION_CONFLICT` */
  deleteEntity(id: EntityId, userId: UserId, options?: ChangeOptions): Promise<Entity>;

  /**
   * Undoes a deletion; with a version, brings that version's state back as a new one.
   * @throws {SynapError} `NOT_FOUND`, also for a version that never was; `VERSION_CONFLICT`
   */
  restoreEntity(id: EntityId, userId: UserId, options?: ChangeOptions & { readonly version?: number }): Promise<Entity>;

  /**
   * A relation that is there already is given as it is.
   * @throws {SynapError} `NOT_FOUND` if one of both ends is not there; `INVALID_STATE` if one is deleted, or both are one
   */
  createRelation(data: NewRelation, options?: RelationOptions): Promise<Relation>;

  /** Once more is no error. @throws {SynapError} `NOT_FOUND` for one that never was */
  deleteRelation(id: RelationId, userId: UserId, options?: RelationOptions): Promise<void>;

  /** Those from or to one entity, or all; newest first. @throws {SynapError} `VALIDATION_FAILED` for a cursor that is none */
  listRelations(userId: UserId, query?: PageQuery & { readonly id?: EntityId }): Promise<PageOf<Relation>>;

  /**
   * What can be reached from an entity over at most `depth` relations, in either direction. Empty for a deleted one.
   * @param depth 1 to 3
   * @throws {SynapError} `NOT_FOUND`
   */
  getNeighbors(id: EntityId, userId: UserId, depth: number): Promise<Neighborhood>;
}
