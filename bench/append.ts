import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Committer, type Database, EventRepository, migrate, openDatabase } from '@synap/database';
import { checksumOf, newEntityId, newRevisionId, newUserId } from '@synap/types';
import { Client, Pool } from 'pg';
import { closedLoop, median, type Row, report } from './report.ts';

const REPETITIONS = 5;
/** Milliseconds of one measurement. */
export const APPENDS_MS = Number(process.env.BENCH_MS ?? 2_000);
const WRITERS = [1, 16, 64];
const PROCESSES = 4;

const RAW_TABLE = `
  CREATE TABLE public.raw_events (
    position bigserial PRIMARY KEY, id uuid NOT NULL, aggregate_id uuid NOT NULL, aggregate_type text NOT NULL,
    event_type text NOT NULL, user_id text NOT NULL, data jsonb NOT NULL, version integer NOT NULL,
    timestamp timestamptz NOT NULL DEFAULT now(), UNIQUE (aggregate_id, version))`;
const RAW_INSERT = `
  INSERT INTO public.raw_events (id, aggregate_id, aggregate_type, event_type, user_id, data, version)
  VALUES ($1, $2, 'entity', 'entity.created', $3, $4, 1)`;

const user = newUserId();
const checksum = checksumOf(Buffer.from('content'));

function note() {
  const id = newEntityId();
  const data = {
    type: 'note',
    fileType: 'markdown',
    key: `users/${user}/notes/${id}/${newRevisionId()}.md`,
    task: null,
  };
  const hidden = {
    title: 'The title of a note',
    preview: 'The first words of a note, which are of some length, but not of very much length at all.',
    tags: [],
    path: null,
    checksum,
    size: 1234,
  };
  return { id, data, hidden };
}

/** New streams with all their projections, through the committer. */
export function appender(database: Database): () => Promise<void> {
  const events = new EventRepository(database, new Committer(database));
  return async () => {
    const { id, data, hidden } = note();
    await events.append({
      aggregateId: id,
      aggregateType: 'entity',
      eventType: 'entity.created',
      userId: user,
      expectedVersion: 'no-stream',
      data,
      private: hidden,
    });
  };
}

/** One row, one statement, one commit: what an append could at best cost without any of its promises. */
function rawInsert(run: (values: unknown[]) => Promise<unknown>): () => Promise<void> {
  return async () => {
    const { id, data, hidden } = note();
    await run([newEntityId(), id, user, JSON.stringify({ ...data, ...hidden })]);
  };
}

/** The floor on a server. */
export function insertInto(pool: Pool): () => Promise<void> {
  return rawInsert((values) => pool.query({ name: 'raw', text: RAW_INSERT, values }));
}

function beside(row: Row, below: Row): Row {
  process.stderr.write(
    `${row.case}: ${Math.round(row.rate)}/s p50 ${row.p50.toFixed(2)} ms beside ${Math.round(below.rate)}/s p50 ${below.p50.toFixed(2)} ms\n`,
  );
  return { ...row, floor: below.rate, floorP50: below.p50 };
}

async function compare(name: string, ours: () => Promise<void>, floor: () => Promise<void>): Promise<Row[]> {
  await closedLoop('warm up', 16, APPENDS_MS, ours);
  await closedLoop('warm up', 16, APPENDS_MS, floor);
  const rows: Row[] = [];
  for (const writers of WRITERS) {
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      const below = await closedLoop('floor', writers, APPENDS_MS, floor);
      const row = await closedLoop(`${name}, ${writers} writer${writers === 1 ? '' : 's'}`, writers, APPENDS_MS, ours);
      rows.push(beside(row, below));
    }
  }
  return rows;
}

/** The same with 16 writers in each of several processes. */
async function compareProcesses(url: string): Promise<Row[]> {
  const children = Array.from({ length: PROCESSES }, () => fork(new URL('append-process.ts', import.meta.url), [url]));
  const told = (child: ChildProcess) => once(child, 'message').then(([message]) => message as Row);
  try {
    await Promise.all(children.map(told));
    const run = async (name: string, side: 'ours' | 'floor'): Promise<Row> => {
      const rows = await Promise.all(
        children.map((child) => {
          const row = told(child);
          child.send(side);
          return row;
        }),
      );
      const middle = (key: 'p50' | 'p95') => median(rows.map((row) => row[key]));
      return { case: name, rate: rows.reduce((sum, row) => sum + row.rate, 0), p50: middle('p50'), p95: middle('p95') };
    };
    await run('warm up', 'ours');
    const rows: Row[] = [];
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      const below = await run('floor', 'floor');
      rows.push(beside(await run(`PostgreSQL, ${PROCESSES} processes of 16 writers`, 'ours'), below));
    }
    return rows;
  } finally {
    const ended = children.filter((child) => child.exitCode === null).map((child) => once(child, 'exit'));
    for (const child of children) if (child.connected) child.disconnect();
    await Promise.all(ended);
  }
}

async function onServer(url: string): Promise<Row[]> {
  const name = `synap_bench_${randomBytes(6).toString('hex')}`;
  const [own, admin] = [new URL(url), new URL(url)];
  own.pathname = `/${name}`;
  admin.pathname = '/postgres';
  const client = new Client({ connectionString: admin.href });
  await client.connect();
  const given = decodeURIComponent(new URL(url).pathname.slice(1));
  await client.query(`CREATE DATABASE ${name} TEMPLATE "${given.replaceAll('"', '""')}"`);
  const { rows } = await client.query<{ fsync: string }>('SHOW fsync');
  if (rows[0]?.fsync !== 'on') process.stderr.write('Warning: this server has fsync off; the figures mean little.\n');
  try {
    const database = await openDatabase({ url: own.href, folder: tmpdir() });
    await migrate(database);
    const pool = new Pool({ connectionString: own.href, max: Math.max(...WRITERS) });
    await pool.query(RAW_TABLE);
    const result = await compare('PostgreSQL', appender(database), insertInto(pool));
    await pool.end();
    await database.close();
    return [...result, ...(await compareProcesses(own.href))];
  } finally {
    // Not by force, for which one needs rights over the autovacuum that may be at work in it; it gives way by itself.
    await client.query(`DROP DATABASE ${name}`);
    await client.end();
  }
}

async function embedded(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'synap-bench-'));
  const database = await openDatabase({ folder });
  try {
    await migrate(database);
    await database.script(RAW_TABLE);
    const insert = rawInsert((values) => database.call({ sql: RAW_INSERT, params: values as string[] }));
    return await compare('embedded', appender(database), insert);
  } finally {
    await database.close();
    await rm(folder, { recursive: true });
  }
}

/** New notes with all projections, beside one raw INSERT a commit on the same database in turns. */
export async function benchAppend(): Promise<void> {
  const url = process.env.BENCH_DATABASE_URL ?? process.env.TEST_DATABASE_URL;
  if (!url) process.stderr.write('PostgreSQL is left out: neither BENCH_DATABASE_URL nor TEST_DATABASE_URL is set.\n');
  const rows = [...(url ? await onServer(url) : []), ...(await embedded())];
  await report(
    'append',
    'Appends of new notes with head, event, private fields and projections, beside a raw INSERT a commit.',
    rows,
  );
}
