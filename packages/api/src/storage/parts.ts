import { hash } from 'node:crypto';
import type { IdempotencyKey } from '@initiativ/core';
import {
  canonicalJson,
  type EntityReader,
  type EventRepository,
  type Idempotency,
  type RelationReader,
} from '@synap/database';
import type { ObjectStorage } from '@synap/storage';
import { type AggregateId, SynapError, type Timestamp, type UserId, wellFormed } from '@synap/types';

/** What was done under an idempotency key, or null. */
export type IdempotencyLookup = (
  userId: UserId,
  procedure: string,
  key: string,
) => Promise<{ readonly aggregateId: AggregateId; readonly version: number; readonly inputHash: Uint8Array } | null>;

/** What the storage is made of. */
export interface StorageParts {
  readonly objects: ObjectStorage;
  readonly events: Pick<EventRepository, 'append' | 'getAggregateEvents'>;
  readonly entities: EntityReader;
  readonly relations: RelationReader;
  readonly findByIdempotencyKey: IdempotencyLookup;
  /** When a task that becomes done was completed. Default: now. */
  readonly clock?: () => Date;
}

export function notFound(): SynapError {
  return new SynapError('NOT_FOUND', 'There is nothing with this id.');
}

export function versionConflict(actualVersion: number): SynapError {
  return new SynapError('VERSION_CONFLICT', 'Somebody changed this first. Read it again and repeat the change.', {
    details: { actualVersion },
  });
}

export function timeOf(clock: (() => Date) | undefined): Timestamp {
  return (clock?.() ?? new Date()).toISOString() as Timestamp;
}

/** The key as the log keeps it: with the hash of the input that it stands for. */
export function idempotencyOf({ procedure, key, input }: IdempotencyKey): Idempotency {
  return { procedure, key, inputHash: hash('sha256', canonicalJson(input), 'buffer') };
}

/**
 * A path in the person's own library. Only what the database cannot keep is refused: it names a file of theirs.
 * @throws {SynapError} `INVALID_TEXT`
 */
export function pathOf(path: string | null): string | null {
  if (path === null) return null;
  if (!path.includes('\0')) return wellFormed(path, 'path');
  throw new SynapError('INVALID_TEXT', 'The path contains a control character (NUL).', { details: { what: 'path' } });
}
