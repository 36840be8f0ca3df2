import { type AggregateId, type EventRecord, eventId, SynapError, timestamp, type UserId } from '@synap/types';
import type { Database } from '../connection/port.ts';
import type { Committer } from './committer.ts';
import { seal } from './envelope.ts';
import type { AppendEventData, AppendResult } from './port.ts';
import { selectAggregateEvents, selectAggregateVersion, selectUserEvents, type UserEventsQuery } from './read.sql.ts';

/** The event log as one user at a time sees it. */
export class EventRepository {
  readonly #database: Database;
  readonly #committer: Committer;

  constructor(database: Database, committer: Committer) {
    this.#database = database;
    this.#committer = committer;
  }

  /**
   * Appends one event and applies it to the projections, in one transaction that is durable when this resolves.
   * @throws {SynapError} `VERSION_CONFLICT` with `details.actualVersion` (0 for no stream); `NOT_FOUND` if the stream is
   * another user's; `IDEMPOTENCY_KEY_REUSED`; `INVALID_EVENT`; and the errors of `Committer`
   */
  async append(event: AppendEventData): Promise<AppendResult> {
    const sealed = seal(event);
    const row = await this.#committer.submit(sealed);
    switch (row.status) {
      case 'conflict':
        throw new SynapError('VERSION_CONFLICT', 'Somebody changed this first. Read it again and repeat the change.', {
          details: { actualVersion: row.version },
        });
      case 'denied':
        throw new SynapError('NOT_FOUND', 'There is nothing with this id.');
      case 'reused':
        throw new SynapError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used before with another input.');
      default:
        return {
          // An event's own id met again is our own retry after a lost answer: this is its first result.
          duplicate: row.event_id !== null && row.event_id !== sealed.id,
          id: eventId(row.event_id ?? sealed.id),
          aggregateId: (row.aggregate_id ?? sealed.aggregateId) as AggregateId,
          version: row.version,
          position: row.position ?? 0,
          recordedAt: timestamp(new Date(row.recorded_ms)),
        };
    }
  }

  /** The events of one stream from the first (or `fromVersion`) on, in order of version. Empty if it is not the user's. */
  getAggregateEvents(
    userId: UserId,
    aggregateId: AggregateId,
    options: { fromVersion?: number; toVersion?: number; limit?: number } = {},
  ): Promise<EventRecord[]> {
    return selectAggregateEvents(this.#database, userId, aggregateId, options);
  }

  /** The version of a stream, or null where the user has no such stream. */
  getAggregateVersion(userId: UserId, aggregateId: AggregateId): Promise<number | null> {
    return selectAggregateVersion(this.#database, userId, aggregateId);
  }

  /** A user's events, newest first. */
  getUserEvents(userId: UserId, query: UserEventsQuery = {}): Promise<EventRecord[]> {
    return selectUserEvents(this.#database, userId, query);
  }
}
