import { createHash } from 'node:crypto';
import type { Brand } from './branded.ts';
import { SynapError } from './errors.ts';

/** What a user may send. The numbers are part of the contract. */
export const LIMITS = {
  /** Bytes of one entity's content, as UTF-8. */
  contentBytes: 10 * 1024 * 1024,
  /** Unicode code points. */
  titleCharacters: 500,
  tags: 100,
  tagCharacters: 100,
  /** Bytes of a request body. */
  bodyBytes: 64 * 1024 * 1024,
  idsPerBatch: 1000,
  previewCharacters: 200,
} as const;

/** `sha256:` and the base64 of the SHA-256 of some bytes. */
export type Checksum = Brand<string, 'Checksum'>;
/** The key of an object: `/`-separated parts, none of which can leave its folder. */
export type StorageKey = Brand<string, 'StorageKey'>;
/** The number of an event in its stream: 1, 2, 3… */
export type Version = Brand<number, 'Version'>;
/** The number of an event in the whole log: 1, 2, 3… in commit order. */
export type Position = Brand<number, 'Position'>;
/** An instant: ISO 8601, UTC, milliseconds. */
export type Timestamp = Brand<string, 'Timestamp'>;

const CHECKSUM = /^sha256:[A-Za-z0-9+/]{43}=$/;

export function checksumOf(bytes: Uint8Array): Checksum {
  return `sha256:${createHash('sha256').update(bytes).digest('base64')}` as Checksum;
}

/** @throws {SynapError} `VALIDATION_FAILED` */
export function checksum(value: string): Checksum {
  if (!CHECKSUM.test(value)) {
    throw new SynapError('VALIDATION_FAILED', 'A checksum is "sha256:" and 44 characters of base64.');
  }
  return value as Checksum;
}

/**
 * The checksum that a SHA-256 stands for, as clients spell it: 64 hexadecimal digits, or base64, with or without `sha256:`.
 * @throws {SynapError} `VALIDATION_FAILED`
 */
export function checksumOfSha256(value: string): Checksum {
  if (/^[0-9A-Fa-f]{64}$/.test(value)) return `sha256:${Buffer.from(value, 'hex').toString('base64')}` as Checksum;
  const base64 = value
    .replace(/^sha256:/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  // Through the bytes, because the last character of base64 has bits to spare and more than one spelling.
  const bytes = /^[A-Za-z0-9+/]{43}=?$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
  if (bytes?.length === 32) return `sha256:${bytes.toString('base64')}` as Checksum;
  throw new SynapError('VALIDATION_FAILED', 'A SHA-256 is 64 hexadecimal digits, or 44 characters of base64.');
}

/** R2's and S3's own limit on a key, in bytes of UTF-8. */
const KEY_BYTES = 1024;
/** The limit of common file systems on one name, in bytes of UTF-8. */
const KEY_PART_BYTES = 255;

// Windows refuses the punctuation, and `%` would make two spellings of one key behind a careless proxy.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused here
const KEY_PART_REFUSED = /[\u0000-\u001f\u007f\\<>:"|?*%]/;

function isKeyPart(part: string): boolean {
  return (
    part.length > 0 &&
    !part.startsWith('.') &&
    !/[. ]$/.test(part) &&
    part.isWellFormed() &&
    Buffer.byteLength(part) <= KEY_PART_BYTES &&
    !KEY_PART_REFUSED.test(part)
  );
}

/**
 * The only way to a storage key. Every part must be a plain name: not empty, no leading or trailing dot, no control
 * character, backslash or percent sign; so neither `..` nor an encoded form of it can leave the user's folder.
 * @throws {SynapError} `INVALID_STORAGE_KEY`
 */
export function storageKey(value: string): StorageKey {
  if (Buffer.byteLength(value) > KEY_BYTES || !value.split('/').every(isKeyPart)) {
    throw new SynapError('INVALID_STORAGE_KEY', 'That is not a valid storage key.');
  }
  return value as StorageKey;
}

/** @throws {SynapError} `VALIDATION_FAILED` if `value` is not a whole number from 1 to 2^53 - 1. */
export function version(value: number): Version {
  return positive(value, 'version') as Version;
}

/** @throws {SynapError} `VALIDATION_FAILED` if `value` is not a whole number from 1 to 2^53 - 1. */
export function position(value: number): Position {
  return positive(value, 'position') as Position;
}

function positive(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new SynapError('VALIDATION_FAILED', `A ${what} is a whole number from 1.`);
  }
  return value;
}

/** @throws {SynapError} `VALIDATION_FAILED` if `value` is no instant. */
export function timestamp(value: string | Date): Timestamp {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw new SynapError('VALIDATION_FAILED', 'That is not a valid time (ISO 8601).');
  return date.toISOString() as Timestamp;
}
