import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Client as PostgresClient } from 'pg';
import { soakImport } from './import.ts';
import { soakKill } from './kill.ts';
import { soakTrace } from './trace.ts';

const TRACED_NOTES = 10;

const USAGE = `pnpm soak kill [--kills 20]   SIGKILL under 16 writers, embedded; on TEST_DATABASE_URL as well if that is set
pnpm soak trace               system calls: no answer leaves before its fsyncs (needs strace, and a PostgreSQL on this machine)
pnpm soak import [FOLDER] [--kills 10]   SIGKILL during an import, of the importer and of the server by turns, embedded
pnpm soak short               trace, and kill with 3 kills each: what CI runs`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { kills: { type: 'string' }, help: { type: 'boolean' } },
});
const [name = '', folder] = positionals;
const kills = Number(values.kills ?? { short: 3, import: 10 }[name] ?? 20);
if (values.help || !['kill', 'trace', 'import', 'short'].includes(name) || !(kills > 0)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

const log = (line: string) => process.stdout.write(`${line}\n`);
const server = process.env.TEST_DATABASE_URL;

if (name === 'trace' || name === 'short') await everywhere(trace);
if (name === 'kill' || name === 'short') await everywhere(kill);
if (name === 'import' || name === 'short') await importing();

/** Each soak has a database of its own, as it has a data folder: the content of one is nothing that another could find. */
async function everywhere(soak: (where: string, databaseUrl?: string) => Promise<void>): Promise<void> {
  await soak('embedded');
  if (server) await withDatabase(server, (databaseUrl) => soak('PostgreSQL', databaseUrl));
  else log('PostgreSQL: not run, TEST_DATABASE_URL is not set');
}

async function importing(): Promise<void> {
  const entities = await soakImport({ folder, kills, log: (line) => log(`import: ${line}`) });
  log(`import: ${kills} kills, ${entities} entities as after an import that nobody disturbed, verify is green`);
}

async function trace(where: string, databaseUrl?: string): Promise<void> {
  await soakTrace({ databaseUrl, notes: TRACED_NOTES });
  log(`${where}: ${TRACED_NOTES} notes traced, no answer left before its object, folders and log were synced`);
}

async function kill(where: string, databaseUrl?: string): Promise<void> {
  const writes = await soakKill({ kills, databaseUrl, log: (line) => log(`${where}: ${line}`) });
  log(`${where}: ${kills} kills, ${writes} acknowledged writes, all there, verify is green`);
}

/** A database of this run's own on the server, as a copy of the given one, which may have an extension ours needs. */
async function withDatabase(url: string, run: (databaseUrl: string) => Promise<void>): Promise<void> {
  const name = `synap_soak_${randomBytes(6).toString('hex')}`;
  const own = new URL(url);
  const admin = new URL(url);
  own.pathname = `/${name}`;
  admin.pathname = '/postgres';
  const client = new PostgresClient({ connectionString: admin.href });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE "${decodeURIComponent(new URL(url).pathname.slice(1))}"`);
    await run(own.href);
  } finally {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.end();
  }
}
