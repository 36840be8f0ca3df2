import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSynapError } from '@synap/types';
import { Client } from 'pg';
import { sqlState } from '../connection/errors.ts';
import { PgliteDatabase } from '../connection/pglite.ts';
import type { Database } from '../connection/port.ts';
import { PostgresDatabase } from '../connection/postgres.ts';
import { migrate } from '../migrate/migrate.ts';
import { loadMigrations } from '../migrate/migrations.ts';

/** A migrated database of one test's own. */
export interface TestDatabase {
  readonly database: Database;
  /** Its address, or undefined for an embedded one. */
  readonly url: string | undefined;
  /** A data folder of the test's own; the embedded database is in it. */
  readonly folder: string;
  /** Closes `database` and opens the same data again, as a new start would. Gives the new `database`. */
  reopen(): Promise<Database>;
  /** Closes and removes everything. */
  close(): Promise<void>;
}

/** On the server of `TEST_DATABASE_URL` if that is set, else embedded. */
export async function testDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'synap-test-'));
  const server = process.env.TEST_DATABASE_URL;
  return server ? onServer(server, folder) : embedded(folder);
}

async function embedded(folder: string): Promise<TestDatabase> {
  await cp(await template(), folder, { recursive: true });
  const open = () => PgliteDatabase.open({ folder });
  return opened(undefined, folder, await open(), open, async () => undefined);
}

async function onServer(server: string, folder: string): Promise<TestDatabase> {
  const name = `synap_test_${randomBytes(8).toString('hex')}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  const open = async () => new PostgresDatabase({ url: url.href, maxConnections: 8 }, 'postgres');
  await administer(server, `CREATE DATABASE ${name}`);
  let database = await open();
  try {
    await migrate(database);
  } catch (error) {
    // pgvector needs a superuser to be created; then it is in the database that the tests were given.
    if (!isSynapError(error, 'CONFIGURATION_INVALID')) throw error;
    await database.close();
    const given = decodeURIComponent(new URL(server).pathname.slice(1));
    await administer(server, `DROP DATABASE ${name}`);
    await copyOf(server, given, name);
    database = await open();
    await migrate(database);
  }
  return opened(url.href, folder, database, open, () => administer(server, `DROP DATABASE ${name} WITH (FORCE)`));
}

function opened(
  url: string | undefined,
  folder: string,
  first: Database,
  open: () => Promise<Database>,
  drop: () => Promise<void>,
): TestDatabase {
  let database = first;
  return {
    get database() {
      return database;
    },
    url,
    folder,
    async reopen() {
      await database.close();
      database = await open();
      return database;
    },
    async close() {
      await database.close();
      await drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const IN_USE = '55006';

/** PostgreSQL copies a database only while nobody is connected to it, which passes. */
async function copyOf(server: string, given: string, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await administer(server, `CREATE DATABASE ${name} TEMPLATE "${given.replaceAll('"', '""')}"`);
    } catch (error) {
      if (sqlState(error) !== IN_USE || attempt === 10) throw error;
    }
  }
}

async function administer(server: string, sql: string): Promise<void> {
  const url = new URL(server);
  url.pathname = '/postgres';
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A closed, migrated folder, made once for each state of the migrations: a copy of it starts in a fifth of the time. */
async function template(): Promise<string> {
  const hash = createHash('sha256');
  for (const migration of await loadMigrations()) hash.update(migration.checksum);
  const folder = join(tmpdir(), `synap-template-${hash.digest('hex').slice(0, 16)}`);
  if (await exists(folder)) return folder;

  const making = `${folder}.${randomBytes(4).toString('hex')}`;
  await mkdir(making);
  const database = await PgliteDatabase.open({ folder: making });
  await migrate(database);
  await database.close();
  try {
    await rename(making, folder);
  } catch (error) {
    // Another test process was quicker; its template is as good.
    if (!(await exists(folder))) throw error;
    await rm(making, { recursive: true });
  }
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
