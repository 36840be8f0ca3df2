import { tmpdir } from 'node:os';
import { openDatabase } from '@synap/database';
import { Pool } from 'pg';
import { APPENDS_MS, appender, insertInto } from './append.ts';
import { closedLoop } from './report.ts';

/** The writers of each of several processes. */
const WRITERS = 16;

/** One of several processes that write to the database of the argument: runs the side it is told to, and tells the figures. */
const url = process.argv[2] ?? '';
const database = await openDatabase({ url, folder: tmpdir() });
const pool = new Pool({ connectionString: url, max: WRITERS });
const sides = { ours: appender(database), floor: insertInto(pool) };

process.on('message', (side: keyof typeof sides) => {
  void closedLoop(side, WRITERS, APPENDS_MS, sides[side]).then((row) => process.send?.(row));
});
process.once('disconnect', () => {
  void pool.end().then(() => database.close());
});
process.send?.('ready');
