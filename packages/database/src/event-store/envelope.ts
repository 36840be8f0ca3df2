import { hash, randomBytes } from 'node:crypto';
import {
  currentSchemaVersion,
  isSynapError,
  type JsonObject,
  newEventId,
  parseEventPayload,
  SynapError,
} from '@synap/types';
import canonicalize from 'canonicalize';
import type { AppendEventData, ExpectedVersion } from './port.ts';

/** RFC 8785: the one spelling of a JSON value that everybody hashes alike. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('Not a JSON value.');
  return text;
}

/** What an event's writer says, as it is hashed. What the database assigns enters the chain instead. */
export interface Envelope {
  readonly id: string;
  readonly aggregateId: string;
  readonly aggregateType: string;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly userId: string;
  /** With `private`: the HMACs of the private fields, if there are any. */
  readonly data: JsonObject;
  readonly metadata: JsonObject | null;
  readonly causationId: string | null;
  readonly correlationId: string | null;
  readonly source: string;
}

/** SHA-256 of the canonical envelope, in base64. */
export function eventHash(envelope: Envelope): string {
  return hashText(canonicalJson(envelope));
}

function hashText(text: string): string {
  return hash('sha256', text, 'base64');
}

const HMAC_BLOCK = 64;
const SHA256_BYTES = 32;

/**
 * HMAC-SHA256 (RFC 2104) of many short texts under one key. `createHmac` takes 12 us a text here, of which 11 go into
 * making the object; with Node's one-shot hash it is 1 us, and an event has six such fields.
 */
function hmacSha256(key: Uint8Array): (text: string) => string {
  const inner = Buffer.alloc(HMAC_BLOCK, 0x36);
  const outer = Buffer.alloc(HMAC_BLOCK + SHA256_BYTES, 0x5c);
  for (const [index, byte] of key.entries()) {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  return (text) => {
    const message = Buffer.allocUnsafe(HMAC_BLOCK + Buffer.byteLength(text));
    message.set(inner);
    message.write(text, HMAC_BLOCK);
    // As a string of bytes, which is four times as quick here as a new buffer.
    outer.write(hash('sha256', message, 'binary'), HMAC_BLOCK, 'binary');
    return hash('sha256', outer, 'base64');
  };
}

/**
 * What stands in the log in place of the private fields: for each, base64 of HMAC-SHA256(salt, "name":value).
 * @param salt 32 bytes
 */
export function hmacFields(salt: Uint8Array, fields: JsonObject): Record<string, string> {
  const hmac = hmacSha256(salt);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, hmac(`${canonicalJson(name)}:${canonicalJson(value)}`)]),
  );
}

/** @param milliseconds since 1970, as the write function of the database computes them */
export function nextChain(
  previous: Uint8Array,
  link: { eventHash: Uint8Array; position: number; version: number; recordedAt: number; timestamp: number },
): Buffer {
  const assigned = Buffer.alloc(28);
  assigned.writeBigInt64BE(BigInt(link.position), 0);
  assigned.writeInt32BE(link.version, 8);
  assigned.writeBigInt64BE(BigInt(link.recordedAt), 12);
  assigned.writeBigInt64BE(BigInt(link.timestamp), 20);
  return hash('sha256', Buffer.concat([previous, link.eventHash, assigned]), 'buffer');
}

const EXPECTED = { any: -1, 'no-stream': -2, exists: -3 } as const;
const SALT_BYTES = 32;

/** Random bytes that no salt was made of yet. To ask for some takes 2 us, however many they are. */
let unused: Buffer = Buffer.alloc(0);

function newSalt(): Buffer {
  if (unused.length === 0) unused = randomBytes(64 * SALT_BYTES);
  const salt = unused.subarray(0, SALT_BYTES);
  unused = unused.subarray(SALT_BYTES);
  return salt;
}

/** An event ready for the write function: checked, sealed, hashed, and already JSON. */
export interface SealedEvent {
  readonly id: string;
  readonly aggregateId: string;
  /** A JSON object without its closing brace, to which the committer adds the place in the group. */
  readonly json: string;
}

/** The largest version that PostgreSQL's `integer` holds; a writer that expects more expects what cannot be. */
const MAX_VERSION = 2 ** 31 - 1;

function expectedNumber(expected: ExpectedVersion): number {
  if (typeof expected !== 'number') return EXPECTED[expected];
  if (Number.isSafeInteger(expected) && expected >= 0) return Math.min(expected, MAX_VERSION);
  throw new SynapError('VALIDATION_FAILED', 'An expected version is a whole number from 0.');
}

/** JSON nested deeper than this is refused: the embedded database takes it apart on a stack that may not be enough. */
const MAX_DEPTH = 1_000;

function isTooDeep(value: unknown, left = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((inner) => isTooDeep(inner, left - 1));
}

/** @throws {SynapError} `INVALID_EVENT`, `INVALID_TEXT`, `VALIDATION_FAILED` for an expected version that is none */
export function seal(event: AppendEventData): SealedEvent {
  try {
    return sealed(event);
  } catch (cause) {
    if (isSynapError(cause)) throw cause;
    if (cause instanceof Error && /surrogate/i.test(cause.message)) {
      throw new SynapError('INVALID_TEXT', 'The text contains half of a character (a lone surrogate).', { cause });
    }
    // NaN, say, or JSON nested deeper than the stack.
    throw new SynapError('INVALID_EVENT', 'The data of this event cannot be kept as JSON.', { cause });
  }
}

function sealed(event: AppendEventData): SealedEvent {
  const id = event.id ?? newEventId();
  const payload = parseEventPayload(event.eventType, { data: event.data, private: event.private ?? {} });
  if (Object.hasOwn(payload.data, 'private')) {
    throw new SynapError('INVALID_EVENT', 'The name "private" is not free in the data of an event.');
  }
  if (isTooDeep(payload) || isTooDeep(event.metadata)) {
    throw new SynapError('INVALID_EVENT', 'The data of this event is nested too deep.');
  }
  const hidden = Object.keys(payload.private).length > 0;
  const salt = hidden ? newSalt() : undefined;
  const envelope: Envelope = {
    id,
    aggregateId: event.aggregateId,
    aggregateType: event.aggregateType,
    eventType: event.eventType,
    schemaVersion: currentSchemaVersion(event.eventType),
    userId: event.userId,
    data: salt ? { ...payload.data, private: hmacFields(salt, payload.private) } : payload.data,
    metadata: event.metadata ?? null,
    causationId: event.causationId ?? null,
    correlationId: event.correlationId ?? null,
    source: event.source ?? 'api',
  };
  const { idempotency } = event;
  const canonical = canonicalJson(envelope);
  const beside = {
    expected: expectedNumber(event.expectedVersion),
    hash: hashText(canonical),
    ...(salt && { salt: salt.toString('base64'), private: payload.private }),
    ...(event.timestamp && { timestamp: event.timestamp }),
    ...(idempotency && {
      procedure: idempotency.procedure,
      key: idempotency.key,
      inputHash: Buffer.from(idempotency.inputHash).toString('base64'),
    }),
  };
  const json = `${canonical.slice(0, -1)},${JSON.stringify(beside).slice(1, -1)}`;
  return { id, aggregateId: event.aggregateId, json };
}
