import { isUtf8 } from 'node:buffer';
import { type ContentReference, type IndexChunk, indexChunks } from '@initiativ/core';
import type { ObjectStorage } from '@synap/storage';
import {
  checksumOf,
  type EntityId,
  type EntityType,
  FileType,
  LIMITS,
  newRevisionId,
  previewOf,
  SynapError,
  type UserId,
  wellFormed,
} from '@synap/types';

/** What the API serves a kind of file as, and how its object's key ends. */
const FILES: Readonly<Record<FileType, { readonly mime: string; readonly extension: string }>> = {
  markdown: { mime: 'text/markdown; charset=utf-8', extension: 'md' },
  pdf: { mime: 'application/pdf', extension: 'pdf' },
  audio: { mime: 'application/octet-stream', extension: 'bin' },
  video: { mime: 'application/octet-stream', extension: 'bin' },
  image: { mime: 'application/octet-stream', extension: 'bin' },
  other: { mime: 'application/octet-stream', extension: 'bin' },
};

export function mimeOf(fileType: FileType | null): string {
  return FILES[fileType ?? FileType.MARKDOWN].mime;
}

export function extensionOf(fileType: FileType | null): string {
  return FILES[fileType ?? FileType.MARKDOWN].extension;
}

/**
 * The bytes of a content that can be kept.
 * @throws {SynapError} `INVALID_TEXT`, `CONTENT_TOO_LARGE`
 */
export function contentBytes(content: string | Uint8Array): Uint8Array {
  // Counted before it is encoded: each UTF-16 unit is at least one byte.
  if (content.length > LIMITS.contentBytes) throw tooLarge();
  const bytes = typeof content === 'string' ? Buffer.from(wellFormed(content, 'content')) : content;
  if (bytes.length > LIMITS.contentBytes) throw tooLarge();
  return bytes;
}

/**
 * @param said what the caller said it is, if anything
 * @param current what the entity has now
 * @throws {SynapError} `INVALID_UTF8` for bytes that are said to be Markdown and are not even UTF-8
 */
export function fileTypeOf(
  content: string | Uint8Array,
  said: FileType | undefined,
  current: FileType | null = null,
): FileType {
  const fileType = said ?? (typeof content === 'string' ? FileType.MARKDOWN : (current ?? FileType.OTHER));
  if (fileType === FileType.MARKDOWN && typeof content !== 'string' && !isUtf8(content)) {
    throw new SynapError('INVALID_UTF8', 'This is said to be Markdown, but it is not UTF-8.');
  }
  return fileType;
}

function tooLarge(): SynapError {
  return new SynapError('CONTENT_TOO_LARGE', `Content has at most ${LIMITS.contentBytes / 1024 / 1024} MiB.`, {
    details: { limit: LIMITS.contentBytes },
  });
}

/** Content that an event may refer to. */
export interface Content {
  readonly reference: ContentReference;
  /** Resolves when it is durable and is what the reference says. */
  put(): Promise<void>;
  /** What it is found by; absent where the bytes are in the store alone. */
  chunks?(): Promise<readonly IndexChunk[]>;
}

/** Content that was put before anybody decided what becomes of it. */
export function storedContent(reference: ContentReference): Content {
  return { reference, put: async () => undefined };
}

/** A content as the search reads it; null for what is no text. */
export function textOf(bytes: Uint8Array, fileType: FileType | null): string | null {
  return fileType === FileType.MARKDOWN ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString() : null;
}

/** Content on its way: known by its reference from the start, and put into the store once, when it is first needed. */
export class PendingContent implements Content {
  readonly reference: ContentReference;
  readonly #objects: ObjectStorage;
  readonly #bytes: Uint8Array;
  #put: Promise<void> | undefined;
  #chunks: Promise<readonly IndexChunk[]> | undefined;

  /** @param owner whose content it is; every attempt to write has a revision of its own, so that no key is met twice */
  constructor(
    objects: ObjectStorage,
    bytes: Uint8Array,
    fileType: FileType,
    owner: { readonly userId: UserId; readonly type: EntityType; readonly entityId: EntityId },
  ) {
    this.#objects = objects;
    this.#bytes = bytes;
    const revision = { revisionId: newRevisionId(), extension: extensionOf(fileType) };
    this.reference = {
      key: objects.buildPath({ ...owner, ...revision }),
      fileType,
      checksum: checksumOf(bytes),
      size: bytes.length,
      // Four bytes a character at most: more than the preview looks at anyway.
      preview: fileType === FileType.MARKDOWN ? previewOf(Buffer.from(bytes.subarray(0, 16_384)).toString()) : '',
    };
  }

  /**
   * Resolves when the object is durable and is what it should be.
   * @throws {SynapError} `CHECKSUM_MISMATCH`, and what the store throws
   */
  put(): Promise<void> {
    this.#put ??= this.#upload();
    return this.#put;
  }

  /** What it is found by. Made once, however often the write is tried. */
  chunks(): Promise<readonly IndexChunk[]> {
    this.#chunks ??= indexChunks(textOf(this.#bytes, this.reference.fileType));
    return this.#chunks;
  }

  async #upload(): Promise<void> {
    const { key, checksum, fileType } = this.reference;
    const stored = await this.#objects.upload(key, this.#bytes, { contentType: mimeOf(fileType) });
    if (stored.checksum === checksum) return;
    throw new SynapError('CHECKSUM_MISMATCH', 'The content was changed on its way into the store. Send it again.');
  }
}
