import type { JsonObject } from '@synap/types';
import type { Database, Row } from '../connection/port.ts';
import { type Envelope, eventHash, hmacFields, nextChain } from '../event-store/envelope.ts';
import { readLog, readLogHead } from './log.sql.ts';
import type { Finding, MaintenanceOptions } from './port.ts';

const NO_CHAIN = Buffer.alloc(32);

/**
 * Computes the whole log anew: positions dense, versions of each stream contiguous, every event's hash, every private
 * field's HMAC, the chain from the first event to the head, and the streams' heads.
 */
export async function* verifyEvents(database: Database, options: MaintenanceOptions = {}): AsyncGenerator<Finding> {
  const head = await readLogHead(database);
  const versions = new Map<string, number>();
  let position = 0;
  let chain: Uint8Array = NO_CHAIN;
  for await (const rows of readLog(database, head.position)) {
    for (const row of rows) {
      const at = Number(row.position);
      const where = { position: at, aggregateId: String(row.aggregate_id), version: Number(row.version) };
      if (at !== position + 1) {
        yield {
          check: 'events',
          code: 'EVENT_MISSING',
          message: `The log has no event at position ${position + 1}${at > position + 2 ? ` to ${at - 1}` : ''}.`,
          position: position + 1,
        };
      }
      yield* checkVersion(row, versions);
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
        yield { check: 'events', code: 'CHAIN_BROKEN', message: 'The event does not follow from the one before.', ...where };
      }
      position = at;
      chain = bytes(row.chain);
    }
    options.onProgress?.({ check: 'events', done: position, total: head.position });
  }
  yield* checkHead(head, position, chain);
  yield* checkStreams(database, versions, head.position);
}

function* checkVersion(row: Row, versions: Map<string, number>): Generator<Finding> {
  const aggregateId = String(row.aggregate_id);
  const version = Number(row.version);
  const expected = (versions.get(aggregateId) ?? 0) + 1;
  if (version !== expected) {
    yield {
      check: 'events',
      code: 'VERSION_GAP',
      message: `The stream goes from version ${expected - 1} to ${version}.`,
      position: Number(row.position),
      aggregateId,
      version,
    };
  }
  versions.set(aggregateId, version);
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
  const hmacs = (data.private ?? {}) as Record<string, string>;
  const fields = (row.fields ?? {}) as JsonObject;
  if (Object.keys(hmacs).length > 0 && row.fields === null) {
    yield { check: 'events', code: 'PRIVATE_FIELDS_MISSING', message: 'The event’s private fields are gone.', ...where };
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

function* checkHead(head: { position: number; chain: Uint8Array }, position: number, chain: Uint8Array): Generator<Finding> {
  if (position < head.position) {
    yield {
      check: 'events',
      code: 'EVENT_MISSING',
      message: `The log should reach position ${head.position} and ends at ${position}.`,
      position: position + 1,
    };
  } else if (!bytes(head.chain).equals(chain)) {
    yield { check: 'events', code: 'CHAIN_BROKEN', message: 'The head of the log is not that of its last event.', position };
  }
}

async function* checkStreams(
  database: Database,
  versions: ReadonlyMap<string, number>,
  last: number,
): AsyncGenerator<Finding> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const [rows = []] = await database.transaction({ role: 'owner' }, [
      {
        sql: `SELECT aggregate_id, version, position FROM event_streams WHERE aggregate_id > $1
              ORDER BY aggregate_id LIMIT 1000`,
        params: [after],
      },
    ]);
    if (rows.length === 0) return;
    for (const row of rows) {
      const aggregateId = String(row.aggregate_id);
      // A stream that grew since the look at the log's head is ahead of what was read.
      if (Number(row.position) > last) continue;
      const version = versions.get(aggregateId) ?? 0;
      if (version === Number(row.version)) continue;
      yield {
        check: 'events',
        code: 'STREAM_HEAD_WRONG',
        message: `The stream's head says version ${row.version}, its events say ${version}.`,
        aggregateId,
        version,
      };
    }
    after = String(rows.at(-1)?.aggregate_id);
  }
}

function bytes(value: unknown): Buffer {
  const view = value as Uint8Array;
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
