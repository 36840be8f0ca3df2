import type {
  ChangeOptions,
  ContentSource,
  EntityChange,
  EntityContent,
  EntityQuery,
  EntityState,
  HistoryItem,
  IStorage,
  Neighborhood,
  NewEntity,
  NewRelation,
  PageOf,
  PageQuery,
  ReadOptions,
  RelationOptions,
  SignedLink,
  WriteOptions,
} from '@initiativ/core';
import { stateOf } from '@initiativ/core';
import type { EntityRecord } from '@synap/database';
import {
  type Checksum,
  type Entity,
  type EntityId,
  isSynapError,
  LIMITS,
  type Relation,
  type RelationId,
  SynapError,
  type TaskStatus,
  timestamp,
  type UserId,
} from '@synap/types';
import { dispositionOf, fileNameOf, servedType } from '../files/serving.ts';
import { EntityWriter } from './entity-writer.ts';
import { readHistory } from './history.ts';
import { readNeighbors } from './neighbors.ts';
import { notFound, type StorageParts } from './parts.ts';
import { RelationWriter } from './relations.ts';

/** Entities with their events in the database and their content in object storage, whichever of each is handed in. */
export class PostgresR2Storage implements IStorage {
  readonly #parts: StorageParts;
  readonly #writer: EntityWriter;
  readonly #relations: RelationWriter;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#writer = new EntityWriter(parts);
    this.#relations = new RelationWriter(parts);
  }

  createEntity(data: NewEntity, options: WriteOptions = {}): Promise<Entity> {
    return this.#writer.create(data, options);
  }

  updateEntity(id: EntityId, userId: UserId, change: EntityChange, options: ChangeOptions = {}): Promise<Entity> {
    return this.#writer.update(id, userId, change, options);
  }

  updateEntityContent(
    id: EntityId,
    userId: UserId,
    content: string | Uint8Array,
    options: ChangeOptions = {},
  ): Promise<Entity> {
    return this.#writer.update(id, userId, { content }, options);
  }

  setTaskStatus(id: EntityId, userId: UserId, status: TaskStatus, options: ChangeOptions = {}): Promise<Entity> {
    return this.#writer.change(id, userId, options, () => ({ command: { kind: 'set-status', status } }));
  }

  deleteEntity(id: EntityId, userId: UserId, options: ChangeOptions = {}): Promise<Entity> {
    return this.#writer.change(id, userId, options, () => ({ command: { kind: 'delete' } }));
  }

  restoreEntity(
    id: EntityId,
    userId: UserId,
    options: ChangeOptions & { readonly version?: number } = {},
  ): Promise<Entity> {
    const { version } = options;
    let past: Promise<EntityState> | undefined;
    return this.#writer.change(id, userId, options, async () => {
      if (version === undefined) return { command: { kind: 'restore' } };
      past ??= this.#record(id, userId, { version }).then(({ entity, key }) => stateOf(entity, key));
      return { command: { kind: 'restore', to: await past } };
    });
  }

  async getEntity(id: EntityId, userId: UserId, options: ReadOptions = {}): Promise<Entity> {
    return (await this.#record(id, userId, options)).entity;
  }

  async getEntityContent(id: EntityId, userId: UserId, options: ReadOptions = {}): Promise<string> {
    const record = await this.#record(id, userId, options);
    if ((record.entity.fileSize ?? 0) > LIMITS.contentBytes) throw noText();
    const { bytes } = await this.#bytes(record);
    try {
      // A byte order mark is content as well.
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw noText(cause);
    }
  }

  async getEntityBytes(id: EntityId, userId: UserId, options: ReadOptions = {}): Promise<EntityContent> {
    return this.#bytes(await this.#record(id, userId, options));
  }

  async openEntityContent(id: EntityId, userId: UserId, options: ReadOptions = {}): Promise<ContentSource> {
    const { entity, key } = await this.#record(id, userId, options);
    return {
      entity,
      key,
      open: (range) => {
        if (key === null) return Promise.resolve(ReadableStream.from<Uint8Array>([]));
        const checked = { checksum: checksumOf(entity) };
        return orLost(this.#parts.objects.downloadStream(key, range ? { range } : checked));
      },
    };
  }

  async getEntityUrl(
    id: EntityId,
    userId: UserId,
    { expiresIn = 3600, ...options }: ReadOptions & { readonly expiresIn?: number } = {},
  ): Promise<SignedLink> {
    const { entity, key } = await this.#record(id, userId, options);
    if (key === null) throw new SynapError('INVALID_STATE', 'This has no content that an address could lead to.');
    const { objects } = this.#parts;
    // Before the address is made, so that it is never said to last longer than it does.
    const now = this.#parts.clock?.() ?? new Date();
    const url = await orLost(
      objects.getSignedUrl(key, expiresIn, {
        contentType: servedType(key),
        contentDisposition: dispositionOf(key, fileNameOf(entity.title ?? entity.path, key), objects.kind === 'fs'),
        checksum: checksumOf(entity),
      }),
    );
    // Signatures count whole seconds.
    return { url, expiresAt: timestamp(new Date((Math.floor(now.getTime() / 1000) + expiresIn) * 1000)) };
  }

  async listEntities(userId: UserId, query: EntityQuery = {}): Promise<PageOf<Entity>> {
    const { items, nextCursor } = await this.#parts.entities.list(userId, query);
    return { items: items.map((record) => record.entity), nextCursor };
  }

  listTags(userId: UserId): Promise<readonly { readonly name: string; readonly count: number }[]> {
    return this.#parts.entities.listTags(userId);
  }

  getHistory(id: EntityId, userId: UserId, query: PageQuery = {}): Promise<PageOf<HistoryItem>> {
    return readHistory(this.#parts, id, userId, query);
  }

  createRelation(data: NewRelation, options: RelationOptions = {}): Promise<Relation> {
    return this.#relations.create(data, options);
  }

  deleteRelation(id: RelationId, userId: UserId, options: RelationOptions = {}): Promise<void> {
    return this.#relations.delete(id, userId, options);
  }

  listRelations(userId: UserId, query: PageQuery & { readonly id?: EntityId } = {}): Promise<PageOf<Relation>> {
    return this.#parts.relations.list(userId, query);
  }

  getNeighbors(id: EntityId, userId: UserId, depth: number): Promise<Neighborhood> {
    return readNeighbors(this.#parts, id, userId, depth);
  }

  async #bytes({ entity, key }: EntityRecord): Promise<EntityContent> {
    if (key === null) return { entity, bytes: new Uint8Array() };
    const checksum = checksumOf(entity);
    return { entity, bytes: await orLost(this.#parts.objects.downloadBuffer(key, { checksum })) };
  }

  async #record(id: EntityId, userId: UserId, { version, at }: ReadOptions): Promise<EntityRecord> {
    if (version !== undefined && at !== undefined) {
      throw new SynapError('VALIDATION_FAILED', 'Give a version or an instant, not both.');
    }
    const { entities } = this.#parts;
    const read = () => {
      if (version !== undefined) return entities.getVersion(userId, id, version);
      return at ? entities.getAt(userId, id, at) : entities.get(userId, id);
    };
    const record = await read();
    if (!record) throw notFound();
    return record;
  }
}

function checksumOf({ checksum }: Entity): Checksum {
  if (checksum !== null) return checksum;
  throw new SynapError('CHECKSUM_MISMATCH', 'The content has no checksum to hold to.');
}

function noText(cause?: unknown): SynapError {
  return new SynapError('INVALID_STATE', 'This content is a file and no text. Read its bytes instead.', { cause });
}

/** An entity that names its content is there: for its user a missing object is not "not found", it is a loss. */
async function orLost<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (cause) {
    if (!isSynapError(cause, 'OBJECT_NOT_FOUND')) throw cause;
    throw new SynapError('CHECKSUM_MISMATCH', 'The store has lost the content of this version.', { cause });
  }
}
