import type {
  AggregateId,
  AggregateType,
  CorrelationId,
  EventId,
  EventSource,
  JsonObject,
  Timestamp,
  UserId,
} from '@synap/types';

/** What a writer takes the stream's version to be. `any` never conflicts; `no-stream` is the same as 0. */
export type ExpectedVersion = number | 'no-stream' | 'exists' | 'any';

/** A tsvector as PostgreSQL spells it, and how many words it stands for. */
interface IndexedText {
  readonly terms: string;
  readonly length: number;
}

/** The rows of the search index of one entity. */
export interface IndexRows {
  /** The version of the analysis that made them. */
  readonly analyzer: number;
  readonly heading: IndexedText & { readonly titleLength: number };
  /** The parts of its content, at least one. Absent: the content is as it was, and so are its rows. */
  readonly chunks?: readonly IndexedText[];
}

/** Makes a retry give the first result. Bound to the user and the procedure; `inputHash` tells a reused key. */
export interface Idempotency {
  readonly procedure: string;
  readonly key: string;
  /** SHA-256 of the input, 32 bytes. */
  readonly inputHash: Uint8Array;
}

export interface AppendEventData {
  /** A new one for each event, kept through retries. Made if absent. */
  readonly id?: EventId;
  readonly aggregateId: AggregateId;
  readonly aggregateType: AggregateType;
  readonly eventType: string;
  readonly userId: UserId;
  /** Deltas and references, never content. */
  readonly data: JsonObject;
  /** What only an HMAC of goes into the log. */
  readonly private?: JsonObject;
  readonly metadata?: JsonObject;
  readonly expectedVersion: ExpectedVersion;
  readonly causationId?: EventId;
  readonly correlationId?: CorrelationId;
  /** Default `api`. */
  readonly source?: EventSource;
  /** When it happened, if that was not now: for events of another system. */
  readonly timestamp?: Timestamp;
  readonly idempotency?: Idempotency;
  /** What the entity is to be found by from this event on, if that changes. No part of the event: derived from content. */
  readonly index?: IndexRows;
}

export interface AppendResult {
  /** True if this was written before, under the same event id or idempotency key; the rest then tells of that one. */
  readonly duplicate: boolean;
  readonly id: EventId;
  readonly aggregateId: AggregateId;
  readonly version: number;
  readonly position: number;
  readonly recordedAt: Timestamp;
}
