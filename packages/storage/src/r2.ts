import { createHash, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import {
  type Checksum,
  checksum,
  checksumOf,
  type EntityId,
  type EntityType,
  type StorageKey,
  SynapError,
  storageKey,
  type UserId,
} from '@synap/types';
import {
  alreadyExists,
  bytesOf,
  notFound,
  rangeBehindEnd,
  releasable,
  streamTooLarge,
  textOf,
  validateExpiry,
  validateRange,
  verifyBytes,
  verifyStream,
} from './content.ts';
import { fromHeaders, mediaOf, toHeaders, typeOfKey } from './media.ts';
import { buildPath, canBeginKey, fileUrl, isStorageKey } from './paths.ts';
import type {
  ByteRange,
  DownloadOptions,
  FileMetadata,
  ObjectListing,
  ObjectMetadata,
  ObjectStorage,
  PathParts,
  SignedUrlOptions,
  StreamOptions,
  UploadOptions,
} from './port.ts';
import { type R2StorageOptions, s3Config } from './r2-config.ts';
import { answerOf, mayHaveLanded, r2Error } from './r2-errors.ts';

/** What a stream may hold, since it is gathered in memory: a put needs its length and its checksum beforehand. */
const MAX_STREAM_BYTES = 64 * 1024 * 1024;
/** What all streams together may hold in memory. */
const MAX_GATHERED_BYTES = 4 * MAX_STREAM_BYTES;

/** For how long a bucket that was seen is taken to be there, in milliseconds. */
const BUCKET_SEEN_MS = 10_000;

/** How often a put is sent again that met another one of the same key under way (AWS answers 409 to both). */
const CONFLICT_ROUNDS = 3;

/** The base64 of the SHA-256 of the content, kept beside it: every whole read is compared with it. */
const SHA256 = 'synap-sha256';
/** A name for each call of `upload`, so that a put whose answer was lost is known again. */
const ATTEMPT = 'synap-attempt';

/**
 * Keeps objects in Cloudflare R2, AWS S3, or any S3-compatible server that honours `If-None-Match: *` on a put (without
 * it, nothing refuses to overwrite a key). A put is confirmed by the MD5 in the store's answer, or else by asking for
 * the object. When an answer is lost, or the client's own second try meets its first, the object says whose it is.
 */
export class R2Storage implements ObjectStorage {
  readonly kind = 'r2';
  readonly maxStreamBytes = MAX_STREAM_BYTES;
  readonly #client: S3Client;
  readonly #bucket: string;
  #bucketSeenAt = Number.NEGATIVE_INFINITY;
  #gathered = 0;

  /** @throws {SynapError} `CONFIGURATION_INVALID` */
  constructor(options: R2StorageOptions) {
    this.#client = new S3Client(s3Config(options));
    this.#bucket = options.bucketName;
  }

  /** The plan's path of an entity, with no revision. @throws {SynapError} `INVALID_STORAGE_KEY` */
  static buildPath(userId: string, entityType: string, entityId: string, extension = 'md'): StorageKey {
    // The brands only say who made the values; each part is checked all the same.
    return buildPath({
      userId: userId as UserId,
      type: entityType as EntityType,
      entityId: entityId as EntityId,
      extension,
    });
  }

  async upload(key: string, content: string | Uint8Array, options?: UploadOptions): Promise<FileMetadata> {
    const path = storageKey(key);
    const { contentType, metadata } = mediaOf(path, options);
    const body = bytesOf(content);
    const sum = checksumOf(body);
    const sha256 = sum.slice('sha256:'.length);
    await this.#put(body, {
      Bucket: this.#bucket,
      Key: path,
      Body: body,
      ContentLength: body.length,
      ContentType: contentType,
      IfNoneMatch: '*',
      ChecksumSHA256: sha256,
      Metadata: { ...toHeaders(metadata), [SHA256]: sha256, [ATTEMPT]: randomUUID() },
    });
    return { url: fileUrl(path), path, size: body.length, checksum: sum, uploadedAt: new Date() };
  }

  /**
   * Gathers the stream in memory and puts it at once.
   * @throws {SynapError} `CONTENT_TOO_LARGE` for more than 64 MiB; larger ones need a multipart upload, which this
   * driver does not do. `OVERLOADED` while other streams fill the memory that is set aside for them
   */
  async uploadStream(key: string, content: AsyncIterable<Uint8Array>, options?: UploadOptions): Promise<FileMetadata> {
    mediaOf(storageKey(key), options);
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of content) {
        size += chunk.length;
        this.#gathered += chunk.length;
        if (size > MAX_STREAM_BYTES) throw streamTooLarge(MAX_STREAM_BYTES);
        if (this.#gathered > MAX_GATHERED_BYTES) {
          throw new SynapError('OVERLOADED', 'Too many uploads at once. Try again in a moment.');
        }
        chunks.push(chunk);
      }
      const bytes = Buffer.concat(chunks, size);
      chunks.length = 0;
      return await this.upload(key, bytes, options);
    } finally {
      this.#gathered -= size;
    }
  }

  async download(key: string, options?: DownloadOptions): Promise<string> {
    return textOf(key, await this.downloadBuffer(key, options));
  }

  async downloadBuffer(key: string, options?: DownloadOptions): Promise<Buffer> {
    const response = await this.#get(storageKey(key));
    const body = await this.#send(async () => response.Body?.transformToByteArray());
    const bytes = Buffer.from(body ?? new Uint8Array());
    for (const expected of expectations(response, options)) verifyBytes(key, bytes, expected);
    return bytes;
  }

  async downloadStream(key: string, options: StreamOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const range = validateRange(options);
    const response = await this.#get(storageKey(key), range);
    let stream = chunksOf(response);
    if (!range) {
      for (const expected of expectations(response, options)) stream = verifyStream(key, stream, expected);
    }
    const body = response.Body as Readable | undefined;
    return releasable(stream, () => body?.destroy());
  }

  async delete(key: string): Promise<void> {
    const Key = storageKey(key);
    try {
      await this.#send(() => this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key })));
    } catch (error) {
      // S3 answers 204 to this; some servers that speak its protocol say "no such key".
      if (!(error instanceof SynapError && error.code === 'OBJECT_NOT_FOUND')) throw error;
    }
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#head(storageKey(key))) !== undefined;
  }

  async getMetadata(key: string): Promise<ObjectMetadata> {
    const head = (await this.#head(storageKey(key))) ?? notFound(key);
    return {
      size: head.ContentLength ?? 0,
      lastModified: head.LastModified ?? new Date(0),
      contentType: head.ContentType ?? typeOfKey(key),
      metadata: fromHeaders(head.Metadata ?? {}),
    };
  }

  async *list(prefix = ''): AsyncGenerator<ObjectListing> {
    if (!canBeginKey(prefix)) return;
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken });
      const page = await this.#send(() => this.#client.send(command));
      for (const { Key: key, Size: size = 0, LastModified: lastModified = new Date(0) } of page.Contents ?? []) {
        // What other programs put there under names that cannot be keys is not ours.
        if (key !== undefined && isStorageKey(key)) yield { key, size, lastModified };
      }
      ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
  }

  async getSignedUrl(key: string, expiresIn = 3600, answer: SignedUrlOptions = {}): Promise<string> {
    const Key = storageKey(key);
    validateExpiry(expiresIn);
    // Signing itself asks nobody. A link to nothing is better found out here than by whoever follows it.
    if (!(await this.#head(Key))) notFound(key);
    const command = new GetObjectCommand({
      Bucket: this.#bucket,
      Key,
      ResponseContentType: answer.contentType,
      ResponseContentDisposition: answer.contentDisposition,
    });
    return this.#send(() => getSignedUrl(this.#client, command, { expiresIn }));
  }

  buildPath(parts: PathParts): StorageKey {
    return buildPath(parts);
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #put(body: Uint8Array, input: PutObjectCommandInput & { readonly Key: string }): Promise<void> {
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    for (let round = 1; ; round++) {
      let fault: unknown;
      try {
        const answer = await this.#client.send(new PutObjectCommand(input));
        this.#bucketSeenAt = performance.now();
        if (answer.ETag === etag) return;
      } catch (error) {
        if (!mayHaveLanded(error)) throw r2Error(error);
        fault = error;
      }
      const head = await this.#headAfter(input.Key, fault);
      if (head && head.Metadata?.[ATTEMPT] !== input.Metadata?.[ATTEMPT]) alreadyExists(input.Key, fault);
      if (head && head.ContentLength === body.length) return;
      if (head) throw new SynapError('CHECKSUM_MISMATCH', 'The object store kept something else than what was sent.');
      if (answerOf(fault).status !== 409 || round === CONFLICT_ROUNDS) throw unconfirmed(fault);
      await sleep(100 * round);
    }
  }

  /** What stands under the key after a put that is in doubt. If that cannot be known, the put's own fault is what counts. */
  async #headAfter(key: string, fault: unknown): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await this.#head(key);
    } catch (error) {
      throw fault === undefined ? error : r2Error(fault);
    }
  }

  /** Undefined if there is no such object. */
  async #head(key: string): Promise<HeadObjectCommandOutput | undefined> {
    try {
      const head = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
      this.#bucketSeenAt = performance.now();
      return head;
    } catch (error) {
      if (answerOf(error).status !== 404) throw r2Error(error);
      await this.#assertBucket();
      return undefined;
    }
  }

  /** The answer to a HEAD has no body: its 404 means a missing bucket, or no S3 server at all, as well as a missing key. */
  async #assertBucket(): Promise<void> {
    if (performance.now() - this.#bucketSeenAt < BUCKET_SEEN_MS) return;
    await this.#send(() => this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket })));
  }

  async #get(key: StorageKey, range?: ByteRange): Promise<GetObjectCommandOutput> {
    const Range = range && `bytes=${range.start}-${range.end}`;
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key, Range });
    try {
      return await this.#send(() => this.#client.send(command));
    } catch (error) {
      if (error instanceof SynapError && answerOf(error.cause).status === 416) rangeBehindEnd(error);
      throw error;
    }
  }

  async #send<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.#bucketSeenAt = performance.now();
      return result;
    } catch (error) {
      throw r2Error(error);
    }
  }
}

function unconfirmed(fault: unknown): SynapError {
  if (fault !== undefined) return r2Error(fault);
  return new SynapError('STORAGE_UNAVAILABLE', 'The object store accepted the object, but does not have it.');
}

const SHA256_BASE64 = /^[A-Za-z0-9+/]{43}=$/;

/** What the bytes must hash to: what the caller says, and what was noted down when they were written. */
function expectations(response: GetObjectCommandOutput, options: DownloadOptions | undefined): Set<Checksum> {
  const noted = response.Metadata?.[SHA256];
  const expected = new Set<Checksum>();
  if (options?.checksum !== undefined) expected.add(options.checksum);
  if (noted !== undefined && SHA256_BASE64.test(noted)) expected.add(checksum(`sha256:${noted}`));
  return expected;
}

async function* chunksOf(response: GetObjectCommandOutput): AsyncGenerator<Uint8Array> {
  if (!response.Body) return;
  try {
    // In Node the body is a stream of buffers; its type also covers browsers.
    yield* response.Body as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw r2Error(error);
  }
}
