import { createHash } from 'node:crypto';
import type { ChangeOptions, ContentReference, EntityChange, IStorage, NewEntity, WriteOptions } from '@initiativ/core';
import type { ObjectStorage } from '@synap/storage';
import {
  type Checksum,
  checksum,
  type Entity,
  type EntityId,
  EntityType,
  FileType,
  LIMITS,
  newEntityId,
  newRevisionId,
  previewOf,
  SynapError,
  type UserId,
} from '@synap/types';
import { servedType } from './serving.ts';
import { SAMPLE_BYTES, type SniffedType, sniff } from './sniff.ts';

/** Bytes on their way in, and what was said of them. */
export interface IncomingFile {
  readonly userId: UserId;
  readonly entityId: EntityId;
  /** What the entity is. Default `file`. */
  readonly type?: EntityType | undefined;
  /** Its extension helps to tell what the bytes are. */
  readonly name: string;
  readonly stream: AsyncIterable<Uint8Array>;
  /** Bytes that there must be. */
  readonly size?: number | undefined;
  /** What they must hash to. */
  readonly checksum?: Checksum | undefined;
}

/** A file that becomes an entity; besides the bytes, all that an entity may be created with. */
export type NewFile = Omit<IncomingFile, 'entityId' | 'type'> &
  Pick<NewEntity, 'title' | 'tags' | 'path'> & { readonly entityId?: EntityId };

/** New bytes for an entity that is there. */
export type FileChange = Pick<IncomingFile, 'name' | 'stream' | 'size' | 'checksum' | 'type'> &
  Omit<EntityChange, 'content' | 'stored' | 'fileType'>;

/**
 * Files of any size on their way into the library. Bytes are passed on as they come: to the key that they will stay
 * under, hashed and looked at on the way, held to what was said of them before they are published.
 */
export class FileStore {
  readonly #objects: ObjectStorage;
  readonly #storage: Pick<IStorage, 'createEntity' | 'updateEntity'>;

  constructor(objects: ObjectStorage, storage: Pick<IStorage, 'createEntity' | 'updateEntity'>) {
    this.#objects = objects;
    this.#storage = storage;
  }

  /** Bytes that one file may have. */
  get maxBytes(): number {
    return this.#objects.maxStreamBytes;
  }

  /**
   * Puts the bytes into the store, under a key of their own. Resolves when they are durable; nothing refers to them yet.
   * @throws {SynapError} `UPLOAD_MISMATCH` if they are not what was said, `CONTENT_TOO_LARGE`, what the stream throws,
   * and what the store throws; nothing is stored then
   */
  async put(file: IncomingFile): Promise<ContentReference> {
    const { userId, entityId, type = EntityType.FILE, name } = file;
    const incoming = new Incoming(file);
    try {
      const sample = await incoming.sample();
      const sniffed = await sniff(sample, name);
      const revision = { revisionId: newRevisionId(), extension: sniffed.extension };
      const key = this.#objects.buildPath({ userId, type, entityId, ...revision });
      const stored = await this.#objects.uploadStream(key, incoming.bytes(), { contentType: servedType(key) });
      if (stored.checksum !== incoming.checksum) {
        throw new SynapError('CHECKSUM_MISMATCH', 'The content was changed on its way into the store. Send it again.');
      }
      const fileType = fileTypeOf(sniffed, incoming);
      const preview = fileType === FileType.MARKDOWN ? previewOf(sample.toString()) : '';
      return { key, fileType, checksum: stored.checksum, size: stored.size, preview };
    } finally {
      await incoming.release();
    }
  }

  /**
   * A new entity of type `file`, with the name as its title if there is no other.
   * @throws {SynapError} as `put` and `IStorage.createEntity`
   */
  async create(file: NewFile, options: WriteOptions = {}): Promise<Entity> {
    const { stream, size, checksum: sum, name, entityId: id = newEntityId(), ...entity } = file;
    const stored = await this.put({ userId: file.userId, entityId: id, name, stream, size, checksum: sum });
    return this.#storage.createEntity({ title: name, ...entity, id, type: EntityType.FILE, stored }, options);
  }

  /**
   * A new version of an entity, with these bytes as its content.
   * @throws {SynapError} as `put` and `IStorage.updateEntity`
   */
  async update(id: EntityId, userId: UserId, file: FileChange, options: ChangeOptions = {}): Promise<Entity> {
    const { stream, size, checksum: sum, name, type, ...change } = file;
    const stored = await this.put({ userId, entityId: id, type, name, stream, size, checksum: sum });
    return this.#storage.updateEntity(id, userId, { ...change, stored }, options);
  }
}

/** Text that is too long or too broken to be edited is a file like any other. */
function fileTypeOf({ fileType, text }: SniffedType, { size, isText }: Incoming): FileType {
  if (fileType !== FileType.MARKDOWN) return fileType;
  return text && isText && size <= LIMITS.contentBytes ? FileType.MARKDOWN : FileType.OTHER;
}

/** Reads a stream once: its beginning first, and then all of it, checked against what was announced. */
class Incoming {
  size = 0;
  /** Whether all of it is UTF-8; known at the end. */
  isText = true;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #announced: Pick<IncomingFile, 'size' | 'checksum'>;
  readonly #hash = createHash('sha256');
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #begun: Uint8Array[] = [];
  #ended = false;
  #checksum: Checksum | undefined;

  constructor({ stream, size, checksum: sum }: IncomingFile) {
    this.#iterator = stream[Symbol.asyncIterator]();
    this.#announced = { size, checksum: sum };
  }

  /** Of what was read; known at the end. */
  get checksum(): Checksum | undefined {
    return this.#checksum;
  }

  async sample(): Promise<Buffer> {
    let length = 0;
    while (length < SAMPLE_BYTES) {
      const chunk = await this.#next();
      if (!chunk) break;
      this.#begun.push(chunk);
      length += chunk.length;
    }
    return Buffer.concat(this.#begun).subarray(0, SAMPLE_BYTES);
  }

  /** @throws {SynapError} `UPLOAD_MISMATCH` as soon as that is known, at the end at the latest */
  async *bytes(): AsyncGenerator<Uint8Array> {
    yield* this.#begun.splice(0);
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) yield chunk;
    this.#finish();
  }

  /** Takes no more of the stream, if it has not ended by itself. */
  async release(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#iterator.return?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    const { done, value } = await this.#iterator.next();
    if (done) {
      this.#ended = true;
      return undefined;
    }
    this.size += value.length;
    if (this.size > (this.#announced.size ?? Number.POSITIVE_INFINITY)) throw mismatch('size');
    this.#hash.update(value);
    this.#decode(value);
    return value;
  }

  #finish(): void {
    this.#decode(undefined);
    this.#checksum = checksum(`sha256:${this.#hash.digest('base64')}`);
    const { size, checksum: sum } = this.#announced;
    if (size !== undefined && size !== this.size) throw mismatch('size');
    if (sum !== undefined && sum !== this.#checksum) throw mismatch('sha256');
  }

  #decode(chunk: Uint8Array | undefined): void {
    if (!this.isText) return;
    // Only a text as long as texts may be is one; the rest need not be looked at.
    if (this.size > LIMITS.contentBytes) this.isText = false;
    else {
      try {
        this.#decoder.decode(chunk, { stream: chunk !== undefined });
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        this.isText = false;
      }
    }
  }
}

function mismatch(what: 'size' | 'sha256'): SynapError {
  const message =
    what === 'size'
      ? 'There are more or fewer bytes than were announced. Send the file again.'
      : 'The bytes have another SHA-256 than was announced. Send the file again.';
  return new SynapError('UPLOAD_MISMATCH', message, { details: { what } });
}
