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
  /** A MIME type. If absent, the one of the key's extension; `application/octet-stream` if that is unknown. */
  readonly contentType?: string;
  /**
   * Names and values in printable ASCII, kept exactly, 8,000 bytes together at most (R2 keeps 8,192, of which Synap
   * needs some; AWS S3 keeps 2,048).
   */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface DownloadOptions {
  /** What the object must hash to. When given, other bytes are `CHECKSUM_MISMATCH`, never returned as good. */
  readonly checksum?: Checksum;
}

/** Bytes of an object, the first and the last of them included, counted from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StreamOptions extends DownloadOptions {
  /**
   * Only these bytes; what of them lies behind the object's end is left out. A part cannot be held against the checksum
   * of the whole, so together with `checksum` this is `VALIDATION_FAILED`.
   */
  readonly range?: ByteRange;
}

/** What a signed address answers beside the bytes. Whoever has the address cannot change it. */
export interface SignedUrlOptions {
  /** The answer's `Content-Type`; the object's own if absent. */
  readonly contentType?: string;
  /** The answer's `Content-Disposition`; printable ASCII. Up to the server if absent. */
  readonly contentDisposition?: string;
  /** What the object must hash to, where Synap's own server serves it. Other stores check what they keep themselves. */
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
 * - `STORAGE_FULL`: no room;
 * - `CONFIGURATION_INVALID`: the store answered, but as no store of these settings would (no such bucket, say);
 * - `VALIDATION_FAILED`, `INVALID_TEXT`: an option or a text that no store could keep, refused before the store is asked.
 * A missing object, a refusal, an outage and a full store are never mistaken for one another.
 */
export interface ObjectStorage {
  /** `fs` or `r2`. */
  readonly kind: string;

  /** Bytes that `uploadStream` takes at most. */
  readonly maxStreamBytes: number;

  /**
   * Writes an object once. When it resolves, the object is durable: it survives the loss of power.
   * @throws {SynapError} `OBJECT_EXISTS` if the key was written before; what stands there is not touched.
   */
  upload(key: string, content: string | Uint8Array, options?: UploadOptions): Promise<FileMetadata>;

  /**
   * As `upload`, for content that comes in pieces. If `content` throws, nothing is stored and the error passes unchanged.
   * @throws {SynapError} `CONTENT_TOO_LARGE` if it is more than `maxStreamBytes`; `OVERLOADED` if a driver that gathers
   * streams in memory gathers as much as it may already
   */
  uploadStream(key: string, content: AsyncIterable<Uint8Array>, options?: UploadOptions): Promise<FileMetadata>;

  /**
   * The object as text.
   * @throws {SynapError} `CHECKSUM_MISMATCH`, also if the bytes are not UTF-8
   */
  download(key: string, options?: DownloadOptions): Promise<string>;

  downloadBuffer(key: string, options?: DownloadOptions): Promise<Buffer>;

  /**
   * The object in pieces, once. With a checksum, the stream ends in `CHECKSUM_MISMATCH` if the whole does not match, and
   * its last piece is held back until that is known: who passes the pieces on never passes on a whole that is wrong.
   * Read it to its end, leave the loop with `break`, or call its iterator's `return()`, which may also be before the first
   * piece; a stream that nobody reads nor returns may keep a connection.
   * @throws {SynapError} `VALIDATION_FAILED` for a range that begins behind the object's end, or is none
   */
  downloadStream(key: string, options?: StreamOptions): Promise<AsyncIterable<Uint8Array>>;

  /** Removes the object for ever, durably. Removing what is not there is no error. */
  delete(key: string): Promise<void>;

  /** False only if the store answered that there is no such object. */
  exists(key: string): Promise<boolean>;

  getMetadata(key: string): Promise<ObjectMetadata>;

  /**
   * Everything whose key begins with `prefix`, in pages behind the scenes, in the byte order of the keys. The prefix may
   * end anywhere, also within a name. One that no key can begin with, such as `../`, lists nothing.
   */
  list(prefix?: string): AsyncIterable<ObjectListing>;

  /**
   * An address that reads this one object without further credentials, until it expires.
   * @param expiresIn seconds, 1 to 604,800; an hour if absent
   */
  getSignedUrl(key: string, expiresIn?: number, options?: SignedUrlOptions): Promise<string>;

  /** @throws {SynapError} `INVALID_STORAGE_KEY` */
  buildPath(parts: PathParts): StorageKey;

  /** Lets go of connections. Nothing may be called afterwards. */
  close(): Promise<void>;
}
