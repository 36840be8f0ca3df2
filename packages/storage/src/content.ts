import { createHash, type Hash } from 'node:crypto';
import { type Checksum, checksum, checksumOf, SynapError, wellFormed } from '@synap/types';
import type { ByteRange, StreamOptions } from './port.ts';

/**
 * The bytes of what is to be stored.
 * @throws {SynapError} `INVALID_TEXT` for text with a lone surrogate, which UTF-8 would replace in silence
 */
export function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(wellFormed(content, 'content')) : content;
}

/** `key` goes into the cause, for the log: a storage key is nothing that a user should see. */
function mismatch(key: string, what: string, cause?: unknown): SynapError {
  const detail = new Error(`${what}: ${key}`, cause === undefined ? undefined : { cause });
  return new SynapError('CHECKSUM_MISMATCH', 'The stored content is damaged: it is not what was written.', {
    cause: detail,
  });
}

/**
 * @throws {SynapError} `CHECKSUM_MISMATCH` if `expected` is given and `bytes` hash to something else
 */
export function verifyBytes(key: string, bytes: Uint8Array, expected: Checksum | undefined): void {
  if (expected !== undefined && checksumOf(bytes) !== checksum(expected)) throw mismatch(key, 'checksum differs');
}

export function checksumOfHash(hash: Hash): Checksum {
  return checksum(`sha256:${hash.digest('base64')}`);
}

/**
 * Passes `chunks` on as they come, each when the next one is there, and fails instead of giving the last one if the whole
 * is not what was expected. Whoever reads it must therefore not act for good on any piece before the stream has ended.
 * @throws {SynapError} `CHECKSUM_MISMATCH`
 */
export async function* verifyStream(
  key: string,
  chunks: AsyncIterable<Uint8Array>,
  expected: Checksum | undefined,
): AsyncGenerator<Uint8Array> {
  if (expected === undefined) {
    yield* chunks;
    return;
  }
  const hash = createHash('sha256');
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    hash.update(chunk);
    if (held) yield held;
    held = chunk;
  }
  if (checksumOfHash(hash) !== checksum(expected)) throw mismatch(key, 'checksum differs');
  if (held) yield held;
}

/**
 * `chunks` of something that is open already: `return()` lets go of it at any time. That of a generator does so only once
 * it has begun, and waits for a piece that is on its way.
 * @param release harmless when all is read, and when repeated
 */
export function releasable(
  chunks: AsyncGenerator<Uint8Array>,
  release: () => void,
): AsyncIterableIterator<Uint8Array, undefined> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => chunks.next(),
    return: async () => {
      release();
      await chunks.return(undefined);
      return { done: true, value: undefined };
    },
  };
}

/** `chunks`, small ones put together until there are `bytes` at least. */
export async function* gather(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    gathered.push(chunk);
    size += chunk.length;
    if (size < bytes) continue;
    yield gathered.length === 1 ? chunk : Buffer.concat(gathered, size);
    gathered = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(gathered, size);
}

/**
 * The bytes as text, exactly: a byte order mark is content and stays.
 * @throws {SynapError} `CHECKSUM_MISMATCH` if they are not UTF-8, since only UTF-8 is ever written as text
 */
export function textOf(key: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw mismatch(key, 'not UTF-8', error);
  }
}

/**
 * The range that is asked for, if it can be answered.
 * @throws {SynapError} `VALIDATION_FAILED`
 */
export function validateRange({ range, checksum }: StreamOptions): ByteRange | undefined {
  if (!range) return undefined;
  const { start, end } = range;
  if (
    checksum !== undefined ||
    !Number.isSafeInteger(start) ||
    !Number.isSafeInteger(end) ||
    start < 0 ||
    end < start
  ) {
    throw new SynapError('VALIDATION_FAILED', 'A range is a first and a last byte, without a checksum of the whole.');
  }
  return range;
}

/** @throws {SynapError} `VALIDATION_FAILED`, always */
export function rangeBehindEnd(cause?: unknown): never {
  throw new SynapError('VALIDATION_FAILED', 'The range begins behind the end of the content.', { cause });
}

export function streamTooLarge(limit: number): SynapError {
  return new SynapError('CONTENT_TOO_LARGE', `A streamed object has at most ${limit / 1024 / 1024} MiB here.`, {
    details: { limit },
  });
}

/** Seven days, which is what R2 and S3 allow at most. */
const MAX_URL_SECONDS = 604_800;

/** @throws {SynapError} `VALIDATION_FAILED` */
export function validateExpiry(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_URL_SECONDS) return seconds;
  throw new SynapError('VALIDATION_FAILED', `A signed address lasts 1 to ${MAX_URL_SECONDS} seconds.`, {
    details: { limit: MAX_URL_SECONDS },
  });
}

/** @throws {SynapError} `OBJECT_NOT_FOUND`, always */
export function notFound(key: string, cause?: unknown): never {
  const detail = new Error(`no such object: ${key}`, cause === undefined ? undefined : { cause });
  throw new SynapError('OBJECT_NOT_FOUND', 'There is no such object in the storage.', { cause: detail });
}

/** @throws {SynapError} `OBJECT_EXISTS`, always */
export function alreadyExists(key: string, cause?: unknown): never {
  const detail = new Error(`written before: ${key}`, cause === undefined ? undefined : { cause });
  throw new SynapError('OBJECT_EXISTS', 'An object was stored under this key before, and objects never change.', {
    cause: detail,
  });
}
