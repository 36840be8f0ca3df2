import {
  actionFor,
  type ContentReference,
  type EntityChange,
  IMPORT_PROBLEMS,
  type ImportAction,
  type ImportProblem,
  type IStorage,
  importPath,
  nameOf,
  type Warning,
} from '@initiativ/core';
import type { KnownOrigin, OriginReader } from '@synap/database';
import {
  type Checksum,
  type CorrelationId,
  checksumOf,
  type Entity,
  type EntityId,
  EntityType,
  EventSource,
  entityId,
  FileType,
  isSynapError,
  type Origin,
  SynapError,
  type Timestamp,
  type UserId,
} from '@synap/types';
import type { FileStore } from '../files/file-store.ts';
import { derivedId } from '../storage/derived-id.ts';
import { type Described, described, isMarkdownPath, sameTags, textOf } from './describe-file.ts';

/** A file of a source, with what its file system says of it. */
export interface FileToImport {
  readonly source: string;
  readonly path: string;
  readonly modifiedAt: Timestamp;
  /** Its bytes at once, as Markdown is taken, or as they come, whatever their number. */
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  /** What the bytes have to hash to; may be absent where they come at once. */
  readonly checksum?: Checksum | undefined;
  /** How many bytes there have to be, if that is known. */
  readonly size?: number | undefined;
  /** The path that it had, if it was moved. */
  readonly from?: string | undefined;
}

export interface ImportedFile {
  readonly action: Exclude<ImportAction, 'refused'>;
  readonly entityId: EntityId;
  readonly warnings: readonly Warning[];
  /** Of a conflict. */
  readonly code?: ImportProblem;
  readonly message?: string;
}

/** Two who import the same file at once: one of them finds it done when it looks again. */
const MAX_TRIES = 20;

interface Task extends FileToImport {
  readonly userId: UserId;
  readonly origin: Origin;
  /** The content as text; undefined for what is no Markdown. */
  readonly text: string | undefined;
  readonly correlationId?: CorrelationId;
  /** The content, once it is in the store: bytes that come in pieces come once only. */
  stored?: { readonly id: EntityId; readonly reference: ContentReference };
}

/** Brings one file in. To do it again changes nothing, so whoever got no answer may simply repeat it. */
export class FileImport {
  readonly #storage: IStorage;
  readonly #files: FileStore;
  readonly #origins: OriginReader;
  readonly #clock: () => Date;

  constructor(storage: IStorage, files: FileStore, origins: OriginReader, clock: () => Date = () => new Date()) {
    this.#storage = storage;
    this.#files = files;
    this.#origins = origins;
    this.#clock = clock;
  }

  /**
   * @throws {SynapError} `VALIDATION_FAILED` for a path that is refused, or without a checksum where there must be one;
   * `UPLOAD_MISMATCH` for other bytes than were announced; and what `IStorage.createEntity` and `FileStore.put` throw
   */
  async run(
    userId: UserId,
    file: FileToImport,
    options: { correlationId?: CorrelationId } = {},
  ): Promise<ImportedFile> {
    const path = importPath(file.path);
    if (path === undefined) throw new SynapError('VALIDATION_FAILED', IMPORT_PROBLEMS.PATH_REFUSED);
    const checksum = checksumFor(file);
    const limit = this.#files.maxBytes;
    if ((file.size ?? 0) > limit) {
      throw new SynapError('CONTENT_TOO_LARGE', `A file has at most ${limit / 1024 / 1024} MiB here.`, {
        details: { limit },
      });
    }
    const origin: Origin = { source: file.source, path, checksum, modifiedAt: file.modifiedAt };
    const task: Task = { ...file, ...options, path, userId, origin, text: textOf(path, file.content) };
    for (let tries = 1; ; tries++) {
      try {
        const [known] = await this.#origins.atPaths(userId, file.source, [path]);
        if (known) return await this.#again(task, known);
        const moved = await this.#movedFrom(task);
        return moved ? await this.#move(task, moved) : await this.#create(task);
      } catch (error) {
        if (tries === MAX_TRIES || !isSynapError(error, 'VERSION_CONFLICT')) throw error;
      }
    }
  }

  async #create(task: Task): Promise<ImportedFile> {
    const { userId, path, origin, text } = task;
    const id = await this.#freeId(task);
    const { title, tags, warnings } = described(path, text);
    const type = text === undefined ? EntityType.FILE : EntityType.NOTE;
    const content = await this.#content(task, id, type);
    const data = { userId, id, type, title, tags, path, origin, ...content };
    await this.#storage.createEntity(data, this.#written(task));
    return { action: 'create', entityId: id, warnings: [...warnings, ...warningsOf(task)] };
  }

  /**
   * The id follows from the place, so that two imports at once cannot make two of one file. Where a file was that has
   * moved on with its id, the next one gets an id of the next generation. It is looked for before the content is
   * touched, which comes once only and is stored under the id.
   * @throws {SynapError} `VERSION_CONFLICT` if another import has made the file since it was looked for
   */
  async #freeId({ userId, origin: { source, path } }: Task): Promise<EntityId> {
    for (let generation = 0; ; generation++) {
      const id = entityId(derivedId(['import', userId, source, path, generation]));
      const holder = await this.#holderOf(id, userId);
      if (holder === undefined) return id;
      if (holder.origin?.source === source && holder.origin.path === path) {
        throw new SynapError('VERSION_CONFLICT', 'Another import was quicker.');
      }
    }
  }

  async #holderOf(id: EntityId, userId: UserId): Promise<Entity | undefined> {
    try {
      return await this.#storage.getEntity(id, userId);
    } catch (error) {
      if (isSynapError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }

  /** A file whose path is known. */
  async #again(task: Task, known: KnownOrigin): Promise<ImportedFile> {
    const { userId, origin, path, text } = task;
    const { entityId: id } = known;
    const { action, code, message } = actionFor(known, origin.checksum);
    if (action === 'conflict') {
      return { action, entityId: id, warnings: [], ...(code && { code }), ...(message && { message }) };
    }
    if (action === 'unchanged') return { action, entityId: id, warnings: [] };
    const entity = await this.#storage.getEntity(id, userId);
    if (entity.checksum === origin.checksum) {
      await this.#update(task, entity, { origin });
      return { action: 'unchanged', entityId: id, warnings: [] };
    }
    // It was changed between the look and now.
    if (entity.checksum !== known.checksum) return this.#again(task, { ...known, entityChecksum: entity.checksum });
    const now = described(path, text);
    const anew = await this.#describedAnew(task, entity, path, now);
    await this.#update(task, entity, { ...anew, origin, ...(await this.#content(task, id, entity.type)) });
    return { action: 'update', entityId: id, warnings: [...now.warnings, ...warningsOf(task)] };
  }

  async #movedFrom({ userId, origin, from }: Task): Promise<KnownOrigin | undefined> {
    if (from === undefined) return undefined;
    const [known] = await this.#origins.atPaths(userId, origin.source, [from.normalize('NFC')]);
    return known && !known.deleted && known.checksum === origin.checksum ? known : undefined;
  }

  /** The file as it was, in another place: its history goes on. What was changed here stays. */
  async #move(task: Task, known: KnownOrigin): Promise<ImportedFile> {
    const { userId, origin, path } = task;
    const entity = await this.#storage.getEntity(known.entityId, userId);
    const change = {
      path,
      origin,
      ...(await this.#describedAnew(task, entity, known.path, described(path, task.text))),
    };
    // It happened now: as of an instant before, it was where it was.
    await this.#storage.updateEntity(known.entityId, userId, change, {
      ...this.#written(task),
      timestamp: this.#now(),
      expectedVersion: entity.version,
    });
    return { action: 'moved', entityId: known.entityId, warnings: [] };
  }

  /** Markdown goes the way of notes; everything else is passed on to the store as it comes, and told by its bytes. */
  async #content(
    task: Task,
    id: EntityId,
    type: EntityType,
  ): Promise<Pick<EntityChange, 'content' | 'stored' | 'fileType'>> {
    const { text, content, userId, path, size, origin } = task;
    if (text !== undefined) return { content: content as Uint8Array, fileType: FileType.MARKDOWN };
    if (task.stored && task.stored.id !== id) {
      throw new SynapError('OVERLOADED', 'Another import was quicker. Try again in a moment.');
    }
    const stream = content instanceof Uint8Array ? once(content) : content;
    task.stored ??= {
      id,
      reference: await this.#files.put({
        ...{ userId, entityId: id, type, stream, size, checksum: origin.checksum },
        name: nameOf(path),
      }),
    };
    return { stored: task.stored.reference };
  }

  /** Title and tags follow the file as long as they are what it said; what a person set here stays. */
  async #describedAnew(
    { userId }: Task,
    entity: Entity,
    pathBefore: string,
    now: Described,
  ): Promise<Pick<EntityChange, 'title' | 'tags'>> {
    const isNote = entity.fileType === FileType.MARKDOWN && isMarkdownPath(pathBefore);
    const text = isNote ? await this.#readable(entity, userId) : undefined;
    // What it said can no longer be known, so neither whether a person changed it.
    if (isNote && text === undefined) return {};
    const before = described(pathBefore, text);
    return {
      ...(entity.title === before.title && { title: now.title }),
      ...(sameTags(entity.tags, before.tags) && { tags: now.tags }),
    };
  }

  /** The text of a note; undefined where the store has lost or damaged it. */
  async #readable(entity: Entity, userId: UserId): Promise<string | undefined> {
    try {
      return await this.#storage.getEntityContent(entity.id, userId, { version: entity.version });
    } catch (error) {
      if (isSynapError(error, 'CHECKSUM_MISMATCH', 'OBJECT_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  /**
   * An older time than that of the version before would take that one out of every look at a time: it would have been
   * replaced before it was written. The file's own time is kept in the origin.
   */
  async #update(task: Task, entity: Entity, change: EntityChange): Promise<void> {
    const written = this.#written(task);
    const timestamp = written.timestamp > entity.updatedAt ? written.timestamp : this.#now();
    const options = { ...written, timestamp, expectedVersion: entity.version };
    await this.#storage.updateEntity(entity.id, task.userId, change, options);
  }

  /** It happened when the file was changed, if that is not yet to come. */
  #written({ modifiedAt, correlationId }: Task) {
    const now = this.#now();
    return {
      source: EventSource.SYNC,
      timestamp: modifiedAt < now ? modifiedAt : now,
      ...(correlationId && { correlationId }),
    };
  }

  #now(): Timestamp {
    return this.#clock().toISOString() as Timestamp;
  }
}

/** @throws {SynapError} `UPLOAD_MISMATCH`, `VALIDATION_FAILED` */
function checksumFor({ content, checksum }: FileToImport): Checksum {
  if (content instanceof Uint8Array) {
    const actual = checksumOf(content);
    if (checksum === undefined || checksum === actual) return actual;
    throw new SynapError('UPLOAD_MISMATCH', 'The bytes have another SHA-256 than was announced. Send the file again.');
  }
  if (checksum !== undefined) return checksum;
  throw new SynapError('VALIDATION_FAILED', 'sha256: Tell the SHA-256 of the file; it is what it is known by.');
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function warningsOf({ path, text }: Task): Warning[] {
  if (text !== undefined || !isMarkdownPath(path)) return [];
  return [{ code: 'NO_NOTE', message: 'It is called Markdown but is not UTF-8, or too long: it is kept as a file.' }];
}
