import type { Database, Row } from '../connection/port.ts';

/** Events of one look at the log: short enough that nobody waits for it on the embedded database's only session. */
const BATCH = 500;

export interface LogHead {
  readonly position: number;
  readonly chain: Uint8Array;
}

export async function readLogHead(database: Database): Promise<LogHead> {
  const [rows = []] = await database.transaction({ role: 'owner' }, [{ sql: 'SELECT position, chain FROM log_head' }]);
  const row = rows[0];
  return { position: Number(row?.position ?? 0), chain: row?.chain as Uint8Array };
}

/** The whole log of all users with its private fields, in batches in order of position, up to `last`. */
export async function* readLog(database: Database, last: number): AsyncGenerator<Row[]> {
  let after = 0;
  while (after < last) {
    const [rows = []] = await database.transaction({ role: 'owner' }, [
      {
        sql: `SELECT e.*, p.salt, p.fields FROM events e LEFT JOIN event_private p USING (position)
              WHERE e.position > $1 AND e.position <= $2 ORDER BY e.position LIMIT $3`,
        params: [after, last, BATCH],
      },
    ]);
    if (rows.length === 0) return;
    yield rows;
    after = Number(rows.at(-1)?.position);
  }
}
