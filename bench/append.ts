import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Committer, type Database, EventRepository, migrate, openDatabase } from '@synap/database';
import { checksumOf, newEntityId, newRevisionId, newUserId } from '@synap/types';
import { Client, Pool } from 'pg';
import { closedLoop, type Row, report } from './report.ts';

const REPETITIONS = 5;
const MS = Number(process.env.BENCH_MS ?? 2_000);
const WRITERS = [1, 16, 64];

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
function appender(database: Database): () => Promise<void> {
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

async function compare(name: string, ours: () => Promise<void>, floor: () => Promise<void>): Promise<Row[]> {
  await closedLoop('warm up', 16, MS, ours);
  await closedLoop('warm up', 16, MS, floor);
  const rows: Row[] = [];
  for (const writers of WRITERS) {
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      const below = await closedLoop('floor', writers, MS, floor);
      const row = await closedLoop(`${name}, ${writers} writer${writers === 1 ? '' : 's'}`, writers, MS, ours);
      rows.push({ ...row, floor: below.rate });
      process.stderr.write(
        `${row.case}: ${Math.round(row.rate)}/s p50 ${row.p50.toFixed(2)} ms beside ${Math.round(below.rate)}/s p50 ${below.p50.toFixed(2)} ms\n`,
      );
    }
  }
  return rows;
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
    const insert = rawInsert((values) => pool.query({ name: 'raw', text: RAW_INSERT, values }));
    const result = await compare('PostgreSQL', appender(database), insert);
    await pool.end();
    await database.close();
    return result;
  } finally {
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
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
