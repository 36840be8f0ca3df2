import { isSynapError, SynapError } from '@synap/types';
import { sqlState } from '../connection/errors.ts';
import type { Database } from '../connection/port.ts';
import { BOOTSTRAP_SQL } from './bootstrap.sql.ts';
import { loadMigrations, type Migration } from './migrations.ts';

/** Years for which the log has a partition of its own in advance. */
const PARTITIONS_AHEAD = 1;

/**
 * Brings a database to the newest schema. May run in several processes at once; applies each migration once, whole or
 * not at all.
 * @returns the names of the migrations that this call applied
 * @throws {SynapError} `CONFIGURATION_INVALID` if the login lacks a right, pgvector is missing, an applied migration was
 * changed, or the database is newer than this Synap
 */
export async function migrate(database: Database, migrations?: readonly Migration[]): Promise<string[]> {
  const known = migrations ?? (await loadMigrations());
  await bootstrap(database);
  const applied: string[] = [];
  for (const migration of await missing(database, known)) {
    if (await apply(database, migration)) applied.push(migration.name);
  }
  await missing(database, known);
  await finish(database);
  return applied;
}

async function bootstrap(database: Database): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.script(BOOTSTRAP_SQL);
    } catch (error) {
      const state = sqlState(error);
      // XX000 "tuple concurrently updated": roles belong to the whole server, where no lock of one database reaches.
      if ((state === 'XX000' || state === '23505') && attempt < 5) continue;
      throw bootstrapError(error, state);
    }
  }
}

function bootstrapError(error: unknown, state: string | undefined): unknown {
  if (!isSynapError(error, 'DATABASE_FAILED')) return error;
  const cause = error.cause instanceof Error ? error.cause.message : '';
  if (/vector/.test(cause)) {
    return new SynapError(
      'CONFIGURATION_INVALID',
      'Synap needs pgvector. Install it on the server, and as a superuser run in this database: CREATE EXTENSION vector;',
      { cause: error },
    );
  }
  if (state === '42501') {
    return new SynapError(
      'CONFIGURATION_INVALID',
      'The login of DATABASE_URL may not set up Synap. As a superuser, in this database, either run ' +
        'ALTER ROLE <login> CREATEROLE; GRANT CREATE ON DATABASE <database> TO <login>; or, where Synap’s roles ' +
        'exist already: GRANT synap_owner, synap_app, synap_writer, synap_auth TO <login>;',
      { cause: error },
    );
  }
  return error;
}

async function missing(database: Database, known: readonly Migration[]): Promise<Migration[]> {
  const rows = await database.call({ sql: 'SELECT version, checksum FROM synap.migrations ORDER BY version' });
  for (const row of rows) {
    const migration = known[Number(row.version) - 1];
    if (!migration) {
      throw new SynapError(
        'CONFIGURATION_INVALID',
        'The database was made by a newer Synap. Start that one, or restore a backup.',
        { details: { databaseVersion: Number(row.version), knownVersion: known.length } },
      );
    }
    if (migration.checksum !== row.checksum) {
      throw new SynapError(
        'CONFIGURATION_INVALID',
        `Migration ${migration.name} is not the one this database has had.`,
      );
    }
  }
  return known.slice(rows.length);
}

/** @returns false if another migrator was quicker */
async function apply(database: Database, migration: Migration): Promise<boolean> {
  const { version, name, checksum, sql } = migration;
  try {
    await database.script(`
      BEGIN;
      SET LOCAL statement_timeout = 0;
      SET LOCAL ROLE synap_owner;
      SELECT pg_advisory_xact_lock(hashtext('synap.migrations'));
      INSERT INTO synap.migrations (version, name, checksum) VALUES (${version}, '${name}', '${checksum}');
      SELECT set_config('search_path', 'synap, public, ' || quote_ident(n.nspname), true)
        FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector';
      ${sql};
      COMMIT;`);
    return true;
  } catch (error) {
    if (sqlState(error) === '23505') {
      const rows = await database.call({ sql: 'SELECT FROM synap.migrations WHERE version = $1', params: [version] });
      if (rows.length > 0) return false;
    }
    throw error;
  }
}

/** What depends on the login and on the calendar, and is therefore looked at every time. */
async function finish(database: Database): Promise<void> {
  await database.script(`
    BEGIN;
    SELECT pg_advisory_xact_lock(hashtext('synap.migrations'));
    SET LOCAL ROLE synap_owner;
    DO $grant$
    BEGIN
      IF NOT has_function_privilege(session_user, 'synap.append_events(jsonb)', 'EXECUTE') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION synap.append_events(jsonb) TO %I', session_user);
      END IF;
    END
    $grant$;
    SELECT synap.prepare_partitions(${PARTITIONS_AHEAD});
    COMMIT;`);
}
