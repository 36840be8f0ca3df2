import {
  type AggregateId,
  type AggregateType,
  type CorrelationId,
  type EventId,
  type EventRecord,
  type EventSource,
  type JsonObject,
  position,
  SynapError,
  timestamp,
  type UserId,
  upcast,
  version,
} from '@synap/types';
import type { Database, Row } from '../connection/port.ts';

export const AGGREGATE_EVENTS_SQL = `
  SELECT * FROM user_events
  WHERE user_id = $1 AND aggregate_id = $2 AND version >= $3 AND version <= $4
  ORDER BY version LIMIT $5`;

export const AGGREGATE_VERSION_SQL = 'SELECT version FROM user_event_streams WHERE user_id = $1 AND aggregate_id = $2';

export const USER_EVENTS_SQL = `
  SELECT * FROM user_events
  WHERE user_id = $1 AND position < $2
    AND ($3::text IS NULL OR event_type = $3) AND ($4::uuid IS NULL OR aggregate_id = $4)
    AND ($5::timestamptz IS NULL OR timestamp >= $5) AND ($6::timestamptz IS NULL OR timestamp <= $6)
  ORDER BY position DESC LIMIT $7`;

/** The largest version that PostgreSQL's `integer` holds. */
const MAX_VERSION = 2 ** 31 - 1;

export async function selectAggregateEvents(
  database: Database,
  userId: UserId,
  aggregateId: AggregateId,
  options: { fromVersion?: number; toVersion?: number; limit?: number },
): Promise<EventRecord[]> {
  const { fromVersion = 1, toVersion = MAX_VERSION, limit = MAX_VERSION } = options;
  const params = [userId, aggregateId, fromVersion, toVersion, limit];
  const [rows = []] = await database.transaction({ role: 'app', userId }, [{ sql: AGGREGATE_EVENTS_SQL, params }]);
  return rows.map(eventRecord);
}

export async function selectAggregateVersion(
  database: Database,
  userId: UserId,
  aggregateId: AggregateId,
): Promise<number | null> {
  const params = [userId, aggregateId];
  const [rows = []] = await database.transaction({ role: 'app', userId }, [{ sql: AGGREGATE_VERSION_SQL, params }]);
  return rows[0] ? Number(rows[0].version) : null;
}

export interface UserEventsQuery {
  /** Only events before this position: the last one of the page before. */
  readonly before?: number;
  readonly type?: string;
  readonly aggregateId?: AggregateId;
  readonly from?: Date;
  readonly to?: Date;
  /** Default 50. */
  readonly limit?: number;
}

export async function selectUserEvents(
  database: Database,
  userId: UserId,
  query: UserEventsQuery,
): Promise<EventRecord[]> {
  const params = [
    userId,
    query.before ?? Number.MAX_SAFE_INTEGER,
    query.type ?? null,
    query.aggregateId ?? null,
    query.from?.toISOString() ?? null,
    query.to?.toISOString() ?? null,
    query.limit ?? 50,
  ];
  const [rows = []] = await database.transaction({ role: 'app', userId }, [{ sql: USER_EVENTS_SQL, params }]);
  return rows.map(eventRecord);
}

/**
 * A row of the log, with its payload lifted to the newest schema.
 * @throws {SynapError} `PURGED` if its private fields were deleted
 */
export function eventRecord(row: Row): EventRecord {
  const { private: hmacs, ...data } = row.data as JsonObject;
  if (hmacs !== undefined && row.private === null) {
    throw new SynapError('PURGED', 'This was erased for ever.');
  }
  const eventType = String(row.event_type);
  const schemaVersion = Number(row.schema_version);
  const payload = upcast(eventType, schemaVersion, { data, private: (row.private ?? {}) as JsonObject });
  return {
    ...payload,
    id: row.id as EventId,
    position: position(Number(row.position)),
    aggregateId: row.aggregate_id as AggregateId,
    aggregateType: row.aggregate_type as AggregateType,
    eventType,
    schemaVersion,
    userId: row.user_id as UserId,
    version: version(Number(row.version)),
    metadata: (row.metadata ?? null) as JsonObject | null,
    causationId: (row.causation_id ?? null) as EventId | null,
    correlationId: (row.correlation_id ?? null) as CorrelationId | null,
    source: row.source as EventSource,
    timestamp: timestamp(String(row.timestamp)),
    recordedAt: timestamp(String(row.recorded_at)),
  };
}
