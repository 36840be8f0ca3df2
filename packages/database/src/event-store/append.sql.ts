import type { Database } from '../connection/port.ts';

/** What the write function says of one item; see migrations/0003_append.sql and 0011_append_in_one_pass.sql. */
export interface AppendRow {
  readonly n: number;
  readonly status: 'ok' | 'duplicate' | 'reused' | 'conflict' | 'denied';
  readonly version: number;
  readonly position: number | null;
  readonly recorded_ms: number;
  /** Of the event that was written before, if there is one. */
  readonly aggregate_id: string | null;
  readonly event_id: string | null;
}

/** One round trip, one transaction: all items that win are durable when this resolves. */
export async function appendEvents(database: Database, items: string): Promise<AppendRow[]> {
  const rows = await database.call({ sql: 'SELECT * FROM synap.append_events($1)', params: [items] });
  return rows as unknown as AppendRow[];
}
