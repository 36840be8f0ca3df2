import type {
  Checksum,
  Entity,
  EntityId,
  EntityType,
  EventSource,
  FileType,
  KeyScope,
  Relation,
  RelationId,
  RelationType,
  StorageKey,
  TaskStatus,
  Timestamp,
  UserId,
} from '@synap/types';

/** An entity with what its user need not know: under which storage key its content is. */
export interface EntityRecord {
  readonly entity: Entity;
  readonly key: StorageKey | null;
}

export interface ListQuery {
  readonly type?: EntityType;
  readonly tag?: string;
  readonly status?: TaskStatus;
  /** The library as of this instant; now if absent. */
  readonly at?: Date;
  /** True for the deleted ones only. Default false: those that are not. */
  readonly deleted?: boolean;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  /** 1 to 100. Default 50. */
  readonly limit?: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/** What is read of entities. Every method sees one user's alone; what is another's is as if it were not there. */
export interface EntityReader {
  get(userId: UserId, id: EntityId): Promise<EntityRecord | null>;
  getVersion(userId: UserId, id: EntityId, version: number): Promise<EntityRecord | null>;
  /** As it was at an instant; null if it was not yet. */
  getAt(userId: UserId, id: EntityId, at: Date): Promise<EntityRecord | null>;
  /** Those that are there and not deleted, in no order. At most 1,000 ids. */
  getMany(userId: UserId, ids: readonly EntityId[]): Promise<EntityRecord[]>;
  /** By creation, newest first. @throws {SynapError} `VALIDATION_FAILED` for a cursor that is none of ours */
  list(userId: UserId, query?: ListQuery): Promise<Page<EntityRecord>>;
  /** Tags of what is not deleted, by name. */
  listTags(userId: UserId): Promise<{ name: string; count: number }[]>;
}

export interface RelationReader {
  get(userId: UserId, id: RelationId): Promise<Relation | null>;
  find(userId: UserId, sourceId: EntityId, targetId: EntityId, type: RelationType): Promise<Relation | null>;
  /** Those from or to `id`, or all; newest first. */
  list(userId: UserId, query?: { id?: EntityId; cursor?: string; limit?: number }): Promise<Page<Relation>>;
  /** Those from or to any of `ids`, at most 1,000, of which neither end is deleted; newest first. */
  around(userId: UserId, ids: readonly EntityId[], limit: number): Promise<Relation[]>;
}

/** What is known of the bytes of an upload that are in the store. */
export interface StoredUpload {
  readonly key: StorageKey;
  readonly fileType: FileType;
  readonly preview: string;
}

/** A file that was announced, and may be in the store already. */
export interface Upload {
  readonly id: string;
  readonly userId: UserId;
  /** The entity that it will be. */
  readonly entityId: EntityId;
  readonly name: string;
  /** What the client says it is. */
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  readonly checksum: Checksum;
  readonly expired: boolean;
  /** Null until its bytes are in the store. */
  readonly stored: StoredUpload | null;
}

export interface NewUpload extends Omit<Upload, 'expired' | 'stored'> {
  /** Seconds until it expires. */
  readonly lifetime: number;
  readonly idempotency?: { readonly key: string; readonly inputHash: Uint8Array };
}

/** Uploads under way. Every method sees one user's alone. */
export interface UploadStore {
  /**
   * Announces an upload, or gives the one that was announced under the same idempotency key.
   * @throws {SynapError} `IDEMPOTENCY_KEY_REUSED` if that one was another
   */
  open(upload: NewUpload): Promise<Upload>;
  get(userId: UserId, id: string): Promise<Upload | null>;
  /** Notes where the bytes are, once. False if they were somewhere already, or if it has expired meanwhile. */
  markStored(userId: UserId, id: string, stored: StoredUpload): Promise<boolean>;
}

/** An imported entity as the next import sees it. */
export interface KnownOrigin {
  readonly entityId: EntityId;
  readonly source: string;
  readonly path: string;
  /** Of the file as it was imported last. */
  readonly checksum: Checksum;
  readonly modifiedAt: Timestamp;
  /** Of the entity's content as it is now; null without content. */
  readonly entityChecksum: Checksum | null;
  readonly fileType: FileType | null;
  readonly key: StorageKey | null;
  readonly deleted: boolean;
}

/** Something that a link may lead to. */
export interface LinkTarget {
  readonly entityId: EntityId;
  /** Null for what was not imported. */
  readonly source: string | null;
  readonly path: string | null;
  readonly title: string | null;
  readonly fileType: FileType | null;
}

/** What is read of where entities come from. */
export interface OriginReader {
  /** Those of one source by path, bytewise, from after `after` on; deleted entities too. */
  list(userId: UserId, source: string, query: { after?: string; limit: number }): Promise<KnownOrigin[]>;
  /** Those at some paths of one source. */
  atPaths(userId: UserId, source: string, paths: readonly string[]): Promise<KnownOrigin[]>;
  /** What is not deleted and was imported under one of these names, whatever their case, in any folder. */
  named(userId: UserId, names: readonly string[], source?: string): Promise<LinkTarget[]>;
  /** What is not deleted and has one of these titles, whatever their case. At most 1,000. */
  titled(userId: UserId, titles: readonly string[]): Promise<LinkTarget[]>;
  /** The `mentions` that go out from these, each with the position of the event that made it. */
  mentions(
    userId: UserId,
    sourceIds: readonly EntityId[],
  ): Promise<{ id: RelationId; sourceId: EntityId; targetId: EntityId; position: number }[]>;
  /** Which of these events this source caused. */
  positionsBy(userId: UserId, positions: readonly number[], source: EventSource): Promise<number[]>;
}

export interface Account {
  readonly userId: UserId;
  readonly name: string;
  readonly role: 'owner' | 'user';
  readonly createdAt: Timestamp;
}

/** Somebody signed in, in one browser. */
export interface Session {
  readonly account: Account;
  readonly createdAt: Timestamp;
  /** When its end was last moved. */
  readonly refreshedAt: Timestamp;
  readonly expiresAt: Timestamp;
}

export interface ApiKey {
  readonly id: string;
  readonly userId: UserId;
  readonly name: string;
  /** The first characters of the key, to tell it by. */
  readonly prefix: string;
  readonly scopes: readonly KeyScope[];
  readonly createdAt: Timestamp;
  readonly expiresAt: Timestamp | null;
  readonly revokedAt: Timestamp | null;
}
