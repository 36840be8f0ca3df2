import { hash } from 'node:crypto';
import type { IStorage, WriteOptions } from '@initiativ/core';
import { canonicalJson, type Upload, type UploadStore } from '@synap/database';
import {
  type Checksum,
  type Entity,
  type EntityId,
  EntityType,
  newEntityId,
  newRevisionId,
  SynapError,
  titleOf,
  type UserId,
} from '@synap/types';
import type { IdempotencyLookup } from '../storage/parts.ts';
import type { FileStore } from './file-store.ts';

/** Seconds in which an announced upload has to be completed. */
const LIFETIME = 24 * 60 * 60;

/** The name under which completions are known again. */
const COMPLETE = 'files.complete';

export interface AnnouncedFile {
  readonly name: string;
  /** What the client says it is. What it is served as follows from its bytes. */
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  readonly checksum: Checksum;
}

/** Where to put the bytes, and with which headers. */
export interface UploadTarget {
  readonly uploadId: string;
  /** Relative to the server that was asked, which wants the same credentials; or absolute, and then it wants none. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface UploadParts {
  readonly uploads: UploadStore;
  readonly files: FileStore;
  readonly storage: Pick<IStorage, 'createEntity' | 'getEntity'>;
  readonly findByIdempotencyKey: IdempotencyLookup;
}

/** A file in three steps: announced, sent, made an entity. Each may be repeated. */
export class Uploads {
  readonly #parts: UploadParts;

  constructor(parts: UploadParts) {
    this.#parts = parts;
  }

  /**
   * @throws {SynapError} `CONTENT_TOO_LARGE` with the limit; `VALIDATION_FAILED`, `INVALID_TEXT`, `TITLE_TOO_LONG` for
   * the name; `IDEMPOTENCY_KEY_REUSED`
   */
  async announce(userId: UserId, file: AnnouncedFile, idempotencyKey?: string): Promise<UploadTarget> {
    const { uploads, files } = this.#parts;
    const name = titleOf(file.name);
    if (name === null) throw new SynapError('VALIDATION_FAILED', 'A file needs a name.');
    const limit = files.maxBytes;
    if (file.size > limit) {
      throw new SynapError('CONTENT_TOO_LARGE', `A file has at most ${limit / 1024 / 1024} MiB here.`, {
        details: { limit },
      });
    }
    const { contentType, size, checksum } = file;
    const announced = { name, contentType, size, checksum };
    const upload = await uploads.open({
      ...announced,
      id: newRevisionId(),
      userId,
      entityId: newEntityId(),
      lifetime: LIFETIME,
      ...(idempotencyKey !== undefined && {
        idempotency: { key: idempotencyKey, inputHash: hash('sha256', canonicalJson(announced), 'buffer') },
      }),
    });
    return { uploadId: upload.id, url: `/api/v1/uploads/${upload.id}`, headers: { 'content-type': contentType } };
  }

  /**
   * Takes the bytes in. When it resolves they are durable, and what was announced.
   * @param length what the sender says is coming, if it does
   * @throws {SynapError} `NOT_FOUND`, `UPLOAD_EXPIRED`, and as `FileStore.put`
   */
  async receive(userId: UserId, id: string, stream: AsyncIterable<Uint8Array>, length?: number): Promise<void> {
    const { uploads, files } = this.#parts;
    const upload = current(await uploads.get(userId, id));
    // The first attempt that came through counts; a second one that crossed it has nothing to add.
    if (upload.stored) return;
    const { entityId, name, size, checksum } = upload;
    if (length !== undefined && length !== size) {
      throw new SynapError('UPLOAD_MISMATCH', 'There are more or fewer bytes than were announced.', {
        details: { what: 'size' },
      });
    }
    const stored = await files.put({ userId, entityId, name, size, checksum, stream });
    if (await uploads.markStored(userId, id, stored)) return;
    // Another attempt was quicker, or it has expired meanwhile. Our object is one that nothing refers to.
    current(await uploads.get(userId, id));
  }

  /**
   * The entity of an upload, made now or before.
   * @throws {SynapError} `NOT_FOUND`, `UPLOAD_EXPIRED`; `INVALID_STATE` as long as its bytes have not come
   */
  async complete(userId: UserId, id: string, options: WriteOptions = {}): Promise<Entity> {
    const { uploads, storage, findByIdempotencyKey } = this.#parts;
    // Also when the upload itself is long forgotten.
    const done = await findByIdempotencyKey(userId, COMPLETE, id);
    if (done) return storage.getEntity(done.aggregateId as EntityId, userId, { version: done.version });
    const { entityId, name, stored, checksum, size } = current(await uploads.get(userId, id));
    if (!stored) throw new SynapError('INVALID_STATE', 'The bytes of this upload have not come yet. Send them first.');
    return storage.createEntity(
      { userId, id: entityId, type: EntityType.FILE, title: name, stored: { ...stored, checksum, size } },
      // Whoever else completes it at the same moment is given this same first result.
      { ...options, idempotencyKey: { procedure: COMPLETE, key: id, input: { uploadId: id } } },
    );
  }
}

/** @throws {SynapError} `NOT_FOUND`, `UPLOAD_EXPIRED` */
function current(upload: Upload | null): Upload {
  if (!upload) throw new SynapError('NOT_FOUND', 'There is no such upload.');
  if (upload.expired) throw new SynapError('UPLOAD_EXPIRED', 'This upload was not completed in time. Begin a new one.');
  return upload;
}
