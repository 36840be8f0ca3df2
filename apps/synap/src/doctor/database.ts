import type { Database, Row } from '@synap/database';
import type { Config } from '../config.ts';
import { type Diagnosis, fail, ok, warn } from './report.ts';

const OLDEST_POSTGRES = 150_000;
const ROLES = ['synap_owner', 'synap_app', 'synap_writer', 'synap_auth'];

async function row(database: Database, sql: string): Promise<Row> {
  const [first = {}] = await database.call({ sql });
  return first;
}

/** Looks at the database with the login's own rights, and changes nothing. */
export async function* examineDatabase(database: Database, config: Config): AsyncGenerator<Diagnosis> {
  const server = await row(
    database,
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::integer AS number,
            current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit`,
  );
  const name = { pglite: 'embedded PostgreSQL (PGlite)', postgres: 'PostgreSQL', neon: 'PostgreSQL on Neon' }[
    database.kind
  ];
  yield Number(server.number) >= OLDEST_POSTGRES
    ? ok('database', `${name} ${String(server.version)}`)
    : fail('database', `${name} ${String(server.version)} is too old`, 'Use PostgreSQL 15 or newer.');
  // That acknowledged means durable is what Synap promises first, and this server cannot keep it.
  yield server.fsync === 'off' || server.synchronous_commit === 'off'
    ? fail(
        'durability',
        `fsync is ${String(server.fsync)}, synchronous_commit is ${String(server.synchronous_commit)}: ` +
          'acknowledged notes can be lost when the machine stops',
        'Set fsync = on and synchronous_commit = on in postgresql.conf (or ALTER SYSTEM), and restart the server.',
      )
    : ok('durability', 'a commit is on the disk before it is answered');
  yield await examineVectors(database);
  yield await examineRoles(database);
  yield* examineLogin(await loginOf(database), database.kind);
  yield await examineEventStore(database, config);
}

async function examineVectors(database: Database): Promise<Diagnosis> {
  const { installed, available } = await row(
    database,
    `SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS installed,
            (SELECT default_version FROM pg_available_extensions WHERE name = 'vector') AS available`,
  );
  if (typeof installed === 'string') return ok('pgvector', installed);
  if (typeof available === 'string') {
    return warn('pgvector', `${available} is available and not in this database yet`, 'The first start adds it.');
  }
  return fail(
    'pgvector',
    'not on this server',
    'Install pgvector on the database server (Debian: postgresql-17-pgvector).',
  );
}

async function examineRoles(database: Database): Promise<Diagnosis> {
  const rows = await database.call({
    sql: `SELECT rolname, rolsuper OR rolbypassrls AS above FROM pg_roles WHERE rolname = ANY($1)`,
    params: [ROLES],
  });
  const missing = ROLES.filter((role) => !rows.some((found) => found.rolname === role));
  // A role above row security would show every user's notes to everybody.
  const above = rows.filter((found) => found.above === true && found.rolname !== 'synap_owner');
  if (above.length > 0) {
    const names = above.map((found) => String(found.rolname)).join(', ');
    return fail('roles', `${names} can pass row security`, `ALTER ROLE ${names} NOSUPERUSER NOBYPASSRLS;`);
  }
  if (missing.length === 0) return ok('roles', ROLES.join(', '));
  return warn(
    'roles',
    `${missing.join(', ')} do not exist yet`,
    'The first start makes them, if the login may (CREATEROLE).',
  );
}

function loginOf(database: Database): Promise<Row> {
  return row(
    database,
    `SELECT rolname AS name, rolsuper AS super, rolbypassrls AS bypass FROM pg_roles WHERE rolname = session_user`,
  );
}

function* examineLogin(login: Row, kind: Database['kind']): Generator<Diagnosis> {
  const name = String(login.name);
  if (kind === 'pglite') yield ok('login', 'embedded; every query takes on a role that row security holds for');
  else if (login.super === true || login.bypass === true) {
    yield warn(
      'login',
      `${name} is ${login.super === true ? 'a superuser' : 'above row security'}; every query takes on a role that is not`,
      'Use a login of its own, without SUPERUSER and BYPASSRLS (docs/operations.md).',
    );
  } else yield ok('login', `${name}, neither superuser nor above row security`);
}

/** The plan's decision matrix (Neon alone, TimescaleDB, EventStoreDB, partitions), as far as this release goes. */
async function examineEventStore(database: Database, config: Config): Promise<Diagnosis> {
  const { version, license, available } = await row(
    database,
    `SELECT (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS version,
            current_setting('timescaledb.license', true) AS license,
            (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS available`,
  );
  const used = 'native partitions by year, in the same database as the projections';
  if (database.kind === 'pglite') {
    return ok('event store', `${used}: because the embedded database has nothing else and needs nothing else`);
  }
  if (typeof version === 'string') {
    const edition = license === 'timescale' ? 'Community' : 'Apache';
    return ok(
      'event store',
      `${used}: because this release does not use TimescaleDB yet (${version}, ${edition} edition, is there)`,
    );
  }
  const why =
    typeof available === 'string'
      ? `TimescaleDB ${available} is not set up in this database`
      : 'TimescaleDB is not there';
  const other = config.withoutEffect.includes('TIMESCALE_URL') ? '; TIMESCALE_URL is set and not used yet' : '';
  return ok('event store', `${used}: because ${why}${other}, and EventStoreDB would be one more server to run`);
}
