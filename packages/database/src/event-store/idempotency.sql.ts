import type { AggregateId, UserId } from '@synap/types';
import type { Database } from '../connection/port.ts';

export const IDEMPOTENCY_SQL = `
  SELECT aggregate_id, version, input_hash FROM user_event_ids
  WHERE user_id = $1 AND procedure = $2 AND idempotency_key = $3`;

/** What was done under an idempotency key, or null; so that a retry need not put its content once more. */
export async function findByIdempotencyKey(
  database: Database,
  userId: UserId,
  procedure: string,
  key: string,
): Promise<{ aggregateId: AggregateId; version: number; inputHash: Uint8Array } | null> {
  const [rows = []] = await database.transaction({ role: 'app', userId }, [
    { sql: IDEMPOTENCY_SQL, params: [userId, procedure, key] },
  ]);
  const row = rows[0];
  if (!row) return null;
  return {
    aggregateId: row.aggregate_id as AggregateId,
    version: Number(row.version),
    inputHash: row.input_hash as Uint8Array,
  };
}
