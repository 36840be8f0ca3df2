import type { Context, Database, Row } from '../connection/port.ts';

/** Events of one look at the log: short enough that nobody waits for it on the embedded database's only session. */
const BATCH = 500;

/** Sees all users' rows and changes none, so that it goes on when the disk is full. */
export const READER: Context = { role: 'owner', readOnly: true };

export interface LogHead {
  readonly position: number;
  readonly chain: Uint8Array;
  /** ISO 8601, or `-infinity` before the first event. */
  readonly recordedAt: string;
}

export async function readLogHead(database: Database): Promise<LogHead> {
  const [rows = []] = await database.transaction(READER, [
    { sql: 'SELECT position, chain, recorded_at FROM log_head' },
  ]);
  const row = rows[0];
  return {
    position: Number(row?.position ?? 0),
    chain: row?.chain as Uint8Array,
    recordedAt: String(row?.recorded_at),
  };
}

/**
 * The whole log of all users with its private fields, in batches in order of position, up to `last`. `remembered` says
 * whether the event is found by its id, as a retry would look for it.
 */
export async function* readLog(database: Database, last: number): AsyncGenerator<Row[]> {
  let after: unknown[] = [0, '-infinity'];
  for (;;) {
    const [rows = []] = await database.transaction(READER, [
      {
        sql: `SELECT e.*, p.salt, p.fields,
                coalesce((i.user_id, i.aggregate_id, i.version, i.position, i.recorded_at) =
                         (e.user_id, e.aggregate_id, e.version, e.position, e.recorded_at), false) AS remembered
              FROM events e LEFT JOIN event_private p USING (position) LEFT JOIN event_ids i ON i.event_id = e.id
              WHERE (e.position, e.recorded_at) > ($1::bigint, $2::timestamptz) AND e.position <= $3
              ORDER BY e.position, e.recorded_at LIMIT $4`,
        params: [Number(after[0]), String(after[1]), last, BATCH],
      },
    ]);
    if (rows.length === 0) return;
    yield rows;
    after = [rows.at(-1)?.position, rows.at(-1)?.recorded_at];
  }
}
