import {
  actionFor,
  type EntityChange,
  IMPORT_PROBLEMS,
  type ImportAction,
  type ImportProblem,
  type IStorage,
  importPath,
  nameOf,
  parseNote,
  type Warning,
} from '@initiativ/core';
import type { KnownOrigin, OriginReader } from '@synap/database';
import {
  type Checksum,
  type CorrelationId,
  checksumOf,
  type Entity,
  type EntityId,
  EventSource,
  entityId,
  FileType,
  isSynapError,
  LIMITS,
  type Origin,
  SynapError,
  type Timestamp,
  type UserId,
} from '@synap/types';
import { derivedId } from '../storage/derived-id.ts';
import { isMarkdownPath, kindOf } from './file-kind.ts';

/** A file of a source, with what its file system says of it. */
export interface FileToImport {
  readonly source: string;
  readonly path: string;
  readonly modifiedAt: Timestamp;
  readonly bytes: Uint8Array;
  /** What the bytes have to hash to. */
  readonly checksum?: Checksum | undefined;
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
  readonly correlationId?: CorrelationId;
}

/** Brings one file in. To do it again changes nothing, so whoever got no answer may simply repeat it. */
export class FileImport {
  readonly #storage: IStorage;
  readonly #origins: OriginReader;
  readonly #clock: () => Date;

  constructor(storage: IStorage, origins: OriginReader, clock: () => Date = () => new Date()) {
    this.#storage = storage;
    this.#origins = origins;
    this.#clock = clock;
  }

  /**
   * @throws {SynapError} `VALIDATION_FAILED` for a path that is refused, or bytes of another checksum; and what
   * `IStorage.createEntity` throws
   */
  async run(
    userId: UserId,
    file: FileToImport,
    options: { correlationId?: CorrelationId } = {},
  ): Promise<ImportedFile> {
    const path = importPath(file.path);
    if (path === undefined) throw new SynapError('VALIDATION_FAILED', IMPORT_PROBLEMS.PATH_REFUSED);
    const checksum = checksumOf(file.bytes);
    if (file.checksum !== undefined && file.checksum !== checksum) {
      throw new SynapError('VALIDATION_FAILED', 'The bytes are not those of the checksum. Was the file just changed?');
    }
    const origin: Origin = { source: file.source, path, checksum, modifiedAt: file.modifiedAt };
    const task: Task = { ...file, ...options, path, userId, origin };
    for (let tries = 1, generation = 0; ; tries++) {
      try {
        const [known] = await this.#origins.atPaths(userId, file.source, [path]);
        if (known) return await this.#again(task, known);
        const moved = await this.#movedFrom(task);
        return moved ? await this.#move(task, moved) : await this.#create(task, generation++);
      } catch (error) {
        if (tries === MAX_TRIES || !isSynapError(error, 'VERSION_CONFLICT')) throw error;
      }
    }
  }

  /**
   * The id follows from the place, so that two imports at once cannot make two of one file. Where a file was that has
   * moved on with its id, the next one gets an id of the next generation.
   */
  async #create(task: Task, generation: number): Promise<ImportedFile> {
    const { userId, path, origin, bytes } = task;
    const id = entityId(derivedId(['import', userId, origin.source, path, generation]));
    const kind = kindOf(path, bytes);
    const { title, tags, warnings } = described(path, bytes, kind.fileType);
    await this.#storage.createEntity(
      { userId, id, ...kind, title, tags, path, content: bytes, origin },
      this.#written(task),
    );
    return { action: 'create', entityId: id, warnings };
  }

  /** A file whose path is known. */
  async #again(task: Task, known: KnownOrigin): Promise<ImportedFile> {
    const { userId, origin, bytes, path } = task;
    const { entityId: id } = known;
    const planned = actionFor(known, origin.checksum);
    const { code, message } = planned;
    if (planned.action === 'conflict') {
      return { action: 'conflict', entityId: id, warnings: [], ...(code && { code }), ...(message && { message }) };
    }
    if (planned.action === 'unchanged') return { action: 'unchanged', entityId: id, warnings: [] };
    const entity = await this.#storage.getEntity(id, userId);
    if (entity.checksum === origin.checksum) {
      await this.#update(task, entity, { origin });
      return { action: 'unchanged', entityId: id, warnings: [] };
    }
    // It was changed between the look and now.
    if (entity.checksum !== known.checksum) return this.#again(task, { ...known, entityChecksum: entity.checksum });
    const { fileType } = kindOf(path, bytes);
    const now = described(path, bytes, fileType);
    const change = { content: bytes, fileType, origin, ...(await this.#describedAnew(task, entity, path, now)) };
    await this.#update(task, entity, change);
    return { action: 'update', entityId: id, warnings: now.warnings };
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
    const now = described(path, task.bytes, kindOf(path, task.bytes).fileType);
    const change = { path, origin, ...(await this.#describedAnew(task, entity, known.path, now)) };
    // It happened now: as of an instant before, it was where it was.
    await this.#storage.updateEntity(known.entityId, userId, change, {
      ...this.#written(task),
      timestamp: this.#now(),
      expectedVersion: entity.version,
    });
    return { action: 'moved', entityId: known.entityId, warnings: [] };
  }

  /** Title and tags follow the file as long as they are what it said; what a person set here stays. */
  async #describedAnew(
    { userId }: Task,
    entity: Entity,
    pathBefore: string,
    now: Described,
  ): Promise<Pick<EntityChange, 'title' | 'tags'>> {
    const { bytes } = await this.#storage.getEntityBytes(entity.id, userId, { version: entity.version });
    const before = described(pathBefore, bytes, entity.fileType);
    return {
      ...(entity.title === before.title && { title: now.title }),
      ...(sameTags(entity.tags, before.tags) && { tags: now.tags }),
    };
  }

  async #update(task: Task, entity: Entity, change: EntityChange): Promise<void> {
    const written = this.#written(task);
    const timestamp = written.timestamp > entity.updatedAt ? written.timestamp : entity.updatedAt;
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

interface Described {
  readonly title: string;
  readonly tags: string[];
  readonly warnings: Warning[];
}

function described(path: string, bytes: Uint8Array, fileType: FileType | null): Described {
  if (fileType === FileType.MARKDOWN) {
    const { title, tags, warnings } = parseNote(textOf(bytes), path);
    return { title, tags: [...tags], warnings: [...warnings] };
  }
  const title = [
    ...nameOf(path)
      .replace(/\p{Cc}/gu, ' ')
      .trim(),
  ]
    .slice(0, LIMITS.titleCharacters)
    .join('');
  const warnings: Warning[] = isMarkdownPath(path)
    ? [{ code: 'NOT_UTF8', message: 'It is called Markdown but is not UTF-8: kept as a file.' }]
    : [];
  return { title, tags: [], warnings };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function sameTags(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((tag, index) => tag === b[index]);
}
