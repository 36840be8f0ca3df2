import type { Checksum, EntityId, EntityType, RevisionId, StorageKey, UserId } from '@synap/types';

/** What is known of a stored object after it was written. */
export interface FileMetadata {
  /** Where the API serves it; never a public address of the store. */
  readonly url: string;
  readonly path: StorageKey;
  /** Bytes. */
  readonly size: number;
  readonly checksum: Checksum;
  readonly uploadedAt: Date;
}

export interface UploadOptions {
  /** A MIME type; `application/octet-stream` if absent. */
  readonly contentType?: string;
  /** Names and values in ASCII, 8,192 bytes together at most (R2's limit). */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface DownloadOptions {
  /** What the object must hash to. When given, other bytes are `CHECKSUM_MISMATCH`, never returned as good. */
  readonly checksum?: Checksum;
}

export interface ObjectMetadata {
  readonly size: number;
  readonly lastModified: Date;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObjectListing {
  readonly key: StorageKey;
  readonly size: number;
  readonly lastModified: Date;
}

export interface PathParts {
  readonly userId: UserId;
  readonly type: EntityType;
  readonly entityId: EntityId;
  /** A new one for each attempt to write; without it the path names the entity, not an object. */
  readonly revisionId?: RevisionId;
  /** Without the dot. `md` if absent. */
  readonly extension?: string;
}

/**
 * Keeps immutable objects. Every method but `buildPath` throws a `SynapError`:
 * - `INVALID_STORAGE_KEY`: the key is refused before the store is asked;
 * - `OBJECT_NOT_FOUND`: the store answered that there is no such object;
 * - `STORAGE_ACCESS_DENIED`: the store answered that these credentials may not;
 * - `STORAGE_UNAVAILABLE`: no answer, or a fault of the store's own. It may be tried again;
 * - `STORAGE_FULL`: no room.
 * The last four are never mistaken for one another.
 */
export interface ObjectStorage {
  /** `fs` or `r2`. */
  readonly kind: string;

  /**
   * Writes an object once. When it resolves, the object is durable: it survives the loss of power.
   * @throws {SynapError} `OBJECT_EXISTS` if the key was written before; what stands there is not touched.
   */
  upload(key: string, content: string | Uint8Array, options?: UploadOptions): Promise<FileMetadata>;

  /** As `upload`, for content that is too large to hold in memory. */
  uploadStream(key: string, content: AsyncIterable<Uint8Array>, options?: UploadOptions): Promise<FileMetadata>;

  /**
   * The object as text.
   * @throws {SynapError} `CHECKSUM_MISMATCH`, also if the bytes are not UTF-8
   */
  download(key: string, options?: DownloadOptions): Promise<string>;

  downloadBuffer(key: string, options?: DownloadOptions): Promise<Buffer>;

  /** The object in pieces. With a checksum, the stream ends in `CHECKSUM_MISMATCH` if the whole does not match. */
  downloadStream(key: string, options?: DownloadOptions): Promise<AsyncIterable<Uint8Array>>;

  /** Removes the object for ever. Removing what is not there is no error. */
  delete(key: string): Promise<void>;

  /** False only if the store answered that there is no such object. */
  exists(key: string): Promise<boolean>;

  getMetadata(key: string): Promise<ObjectMetadata>;

  /** Everything whose key begins with `prefix`, in pages behind the scenes, in the byte order of the keys. */
  list(prefix?: string): AsyncIterable<ObjectListing>;

  /** An address that reads this one object without further credentials. @param expiresIn seconds, 1 to 604,800 */
  getSignedUrl(key: string, expiresIn?: number): Promise<string>;

  /** @throws {SynapError} `INVALID_STORAGE_KEY` */
  buildPath(parts: PathParts): StorageKey;

  /** Lets go of connections. Nothing may be called afterwards. */
  close(): Promise<void>;
}
