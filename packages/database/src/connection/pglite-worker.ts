import './keep-bom.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { isSqlState } from './errors.ts';
import { DurableNodeFS } from './pglite-fs.ts';
import type { Request, Response, SentError, WorkerData } from './pglite-protocol.ts';
import { begin, enter, type Row, type Statement, type Value } from './port.ts';
import { isoTimestamp } from './timestamp.ts';

// PostgreSQL's own numbers for its types (pg_type.dat).
const INT8 = 20;
const TIMESTAMPTZ = 1184;

/** PGlite's own, without `-F` (which turns fsync off) and with durability spelled out. */
const START_PARAMS = [
  ...PGlite.defaultStartParams.filter((param) => param !== '-F'),
  ...['fsync=on', 'wal_sync_method=fsync', 'synchronous_commit=on', 'full_page_writes=on', 'jit=off'].flatMap(
    (param) => ['-c', param],
  ),
];

const port = parentPort;
if (!port) throw new Error('This module is the entry of a worker thread.');
const { folder } = workerData as WorkerData;

const pglite = await PGlite.create({
  fs: new DurableNodeFS(folder),
  extensions: { vector },
  startParams: START_PARAMS,
  parsers: { [INT8]: Number, [TIMESTAMPTZ]: isoTimestamp },
});

async function run(statement: Statement): Promise<Row[]> {
  const result = await pglite.query<Row>(statement.sql, (statement.params ?? []) as Value[], {
    rowMode: statement.arrays ? 'array' : 'object',
  });
  return result.rows;
}

async function answer(request: Request): Promise<Row[][]> {
  switch (request.kind) {
    case 'call':
      return [await run(request.statement)];
    case 'script':
      await pglite.exec(request.sql).catch(rollback);
      return [];
    case 'transaction': {
      const rows: Row[][] = [];
      await pglite.exec(begin(request.context));
      try {
        await run(enter(request.context));
        for (const statement of request.statements) {
          rows.push(statement.params ? await run(statement) : await runSimple(statement.sql));
        }
        await pglite.exec('COMMIT');
        return rows;
      } catch (error) {
        return await rollback(error);
      }
    }
    case 'close':
      await pglite.exec('CHECKPOINT');
      await pglite.close();
      return [];
  }
}

/** Without parameters a statement may be a script of several; the rows of the last count. */
async function runSimple(sql: string): Promise<Row[]> {
  const results = await pglite.exec(sql);
  return (results.at(-1)?.rows ?? []) as Row[];
}

async function rollback(error: unknown): Promise<never> {
  await pglite.exec('ROLLBACK');
  throw error;
}

function sent(error: unknown): SentError {
  if (!(error instanceof Error)) return { message: String(error), fatal: true };
  const code = 'code' in error ? error.code : undefined;
  // An error of PostgreSQL has its SQLSTATE; anything else means that the WASM process itself broke.
  return isSqlState(code) ? { message: error.message, fatal: false, code } : { message: error.message, fatal: true };
}

// One request after the other: the session is one, and two transactions must never mingle in it.
let last: Promise<unknown> = Promise.resolve();
port.on('message', (request: Request) => {
  last = last.then(async () => {
    let response: Response;
    try {
      response = { id: request.id, rows: await answer(request) };
    } catch (error) {
      response = { id: request.id, error: sent(error) };
    }
    port.postMessage(response);
  });
});
port.postMessage({ id: 0, rows: [] } satisfies Response);
