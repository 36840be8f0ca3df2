import type { JsonObject } from '@synap/types';
import type { Database, Row } from '../connection/port.ts';
import { type Envelope, eventHash, hmacFields, nextChain } from '../event-store/envelope.ts';
import { type LogHead, READER, readLog, readLogHead } from './log.sql.ts';
import type { Finding, MaintenanceOptions } from './port.ts';

const NO_CHAIN = Buffer.alloc(32);

/** What a stream's head should say, from its events. */
interface Stream {
  readonly userId: string;
  readonly aggregateType: string;
  version: number;
  position: number;
}

/**
 * Computes the whole log anew: positions dense, versions of each stream contiguous, every event's hash, every private
 * field's HMAC, the chain from the first event to the head, the streams' heads, and that a retry finds each event.
 */
export async function* verifyEvents(database: Database, options: MaintenanceOptions = {}): AsyncGenerator<Finding> {
  const head = await readLogHead(database);
  const streams = new Map<string, Stream>();
  let position = 0;
  let chain: Uint8Array = NO_CHAIN;
  let recordedAt = '-infinity';
  for await (const rows of readLog(database, head.position)) {
    for (const row of rows) {
      const at = Number(row.position);
      const where = { position: at, aggregateId: String(row.aggregate_id), version: Number(row.version) };
      if (at <= position) {
        yield {
          check: 'events',
          code: 'EVENT_EXTRA',
          message: 'The log has a second event at one position.',
          ...where,
        };
        continue;
      }
      if (at !== position + 1) {
        yield {
          check: 'events',
          code: 'EVENT_MISSING',
          message: `The log has no event at position ${position + 1}${at > position + 2 ? ` to ${at - 1}` : ''}.`,
          position: position + 1,
        };
      }
      yield* checkVersion(row, streams);
      yield* checkHashes(row);
      const expected = nextChain(chain, {
        eventHash: bytes(row.event_hash),
        position: at,
        version: where.version,
        recordedAt: Date.parse(String(row.recorded_at)),
        timestamp: Date.parse(String(row.timestamp)),
      });
      // After a gap the chain cannot fit; the gap itself has been told.
      if (at === position + 1 && !expected.equals(bytes(row.chain))) {
        yield {
          check: 'events',
          code: 'CHAIN_BROKEN',
          message: 'The event does not follow from the one before.',
          ...where,
        };
      }
      position = at;
      chain = bytes(row.chain);
      recordedAt = String(row.recorded_at);
    }
    options.onProgress?.({ check: 'events', done: position, total: head.position });
  }
  yield* checkHead(head, { position, chain, recordedAt });
  yield* checkBeyondHead(database);
  yield* checkStreams(database, streams, head.position);
}

function* checkVersion(row: Row, streams: Map<string, Stream>): Generator<Finding> {
  const aggregateId = String(row.aggregate_id);
  const version = Number(row.version);
  const stream = streams.get(aggregateId) ?? {
    userId: String(row.user_id),
    aggregateType: String(row.aggregate_type),
    version: 0,
    position: 0,
  };
  if (version !== stream.version + 1) {
    yield {
      check: 'events',
      code: 'VERSION_GAP',
      message: `The stream goes from version ${stream.version} to ${version}.`,
      position: Number(row.position),
      aggregateId,
      version,
    };
  }
  stream.version = version;
  stream.position = Number(row.position);
  streams.set(aggregateId, stream);
}

function* checkHashes(row: Row): Generator<Finding> {
  const where = { position: Number(row.position), aggregateId: String(row.aggregate_id), version: Number(row.version) };
  const data = row.data as JsonObject;
  const envelope: Envelope = {
    id: String(row.id),
    aggregateId: where.aggregateId,
    aggregateType: String(row.aggregate_type),
    eventType: String(row.event_type),
    schemaVersion: Number(row.schema_version),
    userId: String(row.user_id),
    data,
    metadata: (row.metadata ?? null) as JsonObject | null,
    causationId: (row.causation_id ?? null) as string | null,
    correlationId: (row.correlation_id ?? null) as string | null,
    source: String(row.source),
  };
  if (eventHash(envelope) !== bytes(row.event_hash).toString('base64')) {
    yield { check: 'events', code: 'EVENT_ALTERED', message: 'The event is not what was written.', ...where };
  }
  if (row.remembered !== true) {
    yield { check: 'events', code: 'EVENT_ID_WRONG', message: 'A retry of the event would not find it.', ...where };
  }
  const hmacs = (data.private ?? {}) as Record<string, string>;
  const fields = (row.fields ?? {}) as JsonObject;
  if (Object.keys(hmacs).length > 0 && row.fields === null) {
    yield {
      check: 'events',
      code: 'PRIVATE_FIELDS_MISSING',
      message: 'The event’s private fields are gone.',
      ...where,
    };
    return;
  }
  const actual = row.salt ? hmacFields(bytes(row.salt), fields) : {};
  for (const name of new Set([...Object.keys(hmacs), ...Object.keys(actual)])) {
    if (hmacs[name] === actual[name]) continue;
    yield {
      check: 'events',
      code: 'PRIVATE_FIELD_ALTERED',
      message: `The private field "${name}" is not what was written.`,
      ...where,
    };
  }
}

function* checkHead(head: LogHead, last: LogHead): Generator<Finding> {
  const { position } = last;
  if (position < head.position) {
    yield {
      check: 'events',
      code: 'EVENT_MISSING',
      message: `The log should reach position ${head.position} and ends at ${position}.`,
      position: position + 1,
    };
  } else if (!bytes(head.chain).equals(last.chain) || head.recordedAt !== last.recordedAt) {
    yield {
      check: 'events',
      code: 'CHAIN_BROKEN',
      message: 'The head of the log is not that of its last event.',
      position,
    };
  }
}

/** What stands behind the head would come into the way of the next events. */
async function* checkBeyondHead(database: Database): AsyncGenerator<Finding> {
  const [rows = []] = await database.transaction(READER, [
    {
      sql: 'SELECT position FROM events WHERE position > (SELECT position FROM log_head) ORDER BY position LIMIT 1000',
    },
  ]);
  for (const row of rows) {
    const position = Number(row.position);
    yield { check: 'events', code: 'EVENT_EXTRA', message: 'An event stands behind the head of the log.', position };
  }
}

const STREAMS_SQL = `
  SELECT aggregate_id, user_id, aggregate_type, version, position, position > (SELECT position FROM log_head) AS ahead
  FROM event_streams WHERE aggregate_id > $1 ORDER BY aggregate_id LIMIT 1000`;

async function* checkStreams(
  database: Database,
  streams: ReadonlyMap<string, Stream>,
  last: number,
): AsyncGenerator<Finding> {
  const headless = new Set(streams.keys());
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const [rows = []] = await database.transaction(READER, [{ sql: STREAMS_SQL, params: [after] }]);
    if (rows.length === 0) break;
    for (const row of rows) {
      const aggregateId = String(row.aggregate_id);
      headless.delete(aggregateId);
      // A stream that grew since the look at the log's head is ahead of what was read.
      if (Number(row.position) > last && row.ahead !== true) continue;
      const stream = streams.get(aggregateId);
      if (
        stream?.version === Number(row.version) &&
        stream.position === Number(row.position) &&
        stream.userId === row.user_id &&
        stream.aggregateType === row.aggregate_type
      ) {
        continue;
      }
      yield {
        check: 'events',
        code: 'STREAM_HEAD_WRONG',
        message: `The stream's head (version ${Number(row.version)}) is not what its events say (version ${stream?.version ?? 0}).`,
        aggregateId,
        version: stream?.version ?? 0,
      };
    }
    after = String(rows.at(-1)?.aggregate_id);
  }
  for (const aggregateId of headless) {
    const version = streams.get(aggregateId)?.version ?? 0;
    yield {
      check: 'events',
      code: 'STREAM_HEAD_WRONG',
      message: 'The stream has lost its head.',
      aggregateId,
      version,
    };
  }
}

function bytes(value: unknown): Buffer {
  const view = value as Uint8Array;
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
