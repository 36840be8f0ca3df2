import { createHash, type Hash } from 'node:crypto';
import { type Checksum, checksum, checksumOf, SynapError, wellFormed } from '@synap/types';

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
 * Passes `chunks` on as they come, and fails at their end if the whole is not what was expected. Whoever reads it must
 * therefore not act for good on any piece before the stream has ended.
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
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (checksumOfHash(hash) !== checksum(expected)) throw mismatch(key, 'checksum differs');
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
