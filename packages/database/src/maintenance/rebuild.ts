import { randomBytes } from 'node:crypto';
import { SynapError } from '@synap/types';
import { sqlState } from '../connection/errors.ts';
import type { Database, Row, Statement } from '../connection/port.ts';
import { READER, readLogHead } from './log.sql.ts';
import type { MaintenanceOptions } from './port.ts';

/** The schema in which projections are made anew, beside the live ones. */
export const REBUILD_SCHEMA = 'synap_rebuild';

const UNDEFINED_TABLE = '42P01';
const BATCH = 500;
/** Events that may be left for the short time in which nobody writes. */
const LEFT_FOR_THE_LOCK = 200;

/**
 * Verifications and rebuilds share one schema, so that one runs at a time, on however many servers.
 * @throws {SynapError} `MAINTENANCE_RUNNING`
 */
export async function maintenanceLock(database: Database): Promise<AsyncDisposable> {
  const lock = await database.tryLock('synap.maintenance');
  if (lock) return lock;
  throw new SynapError(
    'MAINTENANCE_RUNNING',
    'Another verify or rebuild of this library is under way. Wait until it is done, then try again.',
  );
}

export const PROJECTION_TABLES = [
  'entities',
  'entity_history',
  'task_details',
  'tags',
  'entity_tags',
  'relations',
  'entity_origins',
] as const;

/** Removes whatever is in the schema, first the mark of the one who made it: without that nobody goes on there. */
const CLEAR = [
  { sql: `SELECT pg_advisory_xact_lock(hashtext('synap.rebuild'))` },
  {
    sql: `DO $clear$
      DECLARE
        found record;
      BEGIN
        FOR found IN
          SELECT relname, CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind FROM pg_class
          WHERE relnamespace = '${REBUILD_SCHEMA}'::regnamespace AND relkind IN ('r', 'v')
          ORDER BY relname LIKE 'build\\_%' DESC, relkind DESC
        LOOP
          EXECUTE format('DROP %s IF EXISTS ${REBUILD_SCHEMA}.%I', found.kind, found.relname);
        END LOOP;
      END
      $clear$`,
  },
];

const INTO_REBUILD = { sql: `SELECT set_config('search_path', '${REBUILD_SCHEMA}, synap, public', true)` };

/**
 * The events after $1 up to $2, applied in waves: in each wave at most one event of a stream, the streams' own order kept.
 * One call, so that the embedded database's session is not held for longer than this takes.
 */
const APPLY_SQL = `
  SELECT count(project_events(list, effects)) FROM (
    SELECT array_agg(event ORDER BY position) AS list, bit_or(effects(event_type, data, fields)) AS effects
    FROM (
      SELECT e.*, p.fields, ROW(e.*, p.salt, p.fields, NULL, NULL, NULL)::appended AS event,
             row_number() OVER (PARTITION BY aggregate_id ORDER BY version) AS wave
      FROM events e LEFT JOIN event_private p USING (position) WHERE position > $1 AND position <= $2
    ) e
    GROUP BY wave ORDER BY wave
  ) w`;

/** Projections that are made beside the live ones. There is one place for them, which belongs to whoever began last. */
export class Build {
  readonly #database: Database;
  /** An empty table that is there for as long as the place is ours. */
  readonly mark = `${REBUILD_SCHEMA}.build_${randomBytes(8).toString('hex')}`;
  /** They hold the events up to this position. */
  position = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  async begin(): Promise<void> {
    await this.#database.transaction({ role: 'owner' }, [
      ...CLEAR,
      { sql: `CREATE TABLE ${this.mark} ()` },
      INTO_REBUILD,
      { sql: 'SELECT create_projections()' },
    ]);
  }

  /**
   * Runs statements while the place is still ours; nobody can take it meanwhile.
   * @throws {SynapError} `INVALID_STATE` if somebody did
   */
  async run(statements: readonly Statement[]): Promise<Row[][]> {
    try {
      const [, ...rows] = await this.#database.transaction({ role: 'owner' }, [
        { sql: `LOCK TABLE ${this.mark} IN ACCESS SHARE MODE` },
        ...statements,
      ]);
      return rows;
    } catch (error) {
      if (sqlState(error) !== UNDEFINED_TABLE || (await this.#isOurs())) throw error;
      throw new SynapError(
        'INVALID_STATE',
        'Another verify or rebuild began meanwhile and goes on. Wait until it is done, then try again.',
        { cause: error },
      );
    }
  }

  /** Removes what was made, unless it is somebody else's by now. */
  async drop(): Promise<void> {
    if (await this.#isOurs()) await this.#database.transaction({ role: 'owner' }, CLEAR);
  }

  async #isOurs(): Promise<boolean> {
    const [rows = []] = await this.#database.transaction(READER, [
      { sql: 'SELECT to_regclass($1) IS NOT NULL AS ours', params: [this.mark] },
    ]);
    return rows[0]?.ours === true;
  }
}

/**
 * Makes all state projections anew from the events up to the log's head, in a schema of their own that replaces whatever
 * an interrupted rebuild left there. The live ones are not touched.
 * @throws {SynapError} `INVALID_STATE` if another verify or rebuild begins meanwhile
 */
export async function buildBeside(database: Database, options: MaintenanceOptions = {}): Promise<Build> {
  const build = new Build(database);
  await build.begin();
  for (;;) {
    const { position } = await readLogHead(database);
    while (build.position < position) {
      const next = Math.min(build.position + BATCH, position);
      await build.run([INTO_REBUILD, { sql: APPLY_SQL, params: [build.position, next] }]);
      build.position = next;
      options.onProgress?.({ check: 'rebuild', done: next, total: position });
    }
    if ((await readLogHead(database)).position - build.position <= LEFT_FOR_THE_LOCK) return build;
  }
}

/**
 * Makes the state projections anew beside the live ones and puts them in their place: writers wait only while the last
 * few events are applied and the tables change places, with their indexes, policies and grants.
 * @returns how many events the new projections are made of
 * @throws {SynapError} `MAINTENANCE_RUNNING` while another verify or rebuild runs; the live ones are then as before
 */
export async function rebuildProjections(
  database: Database,
  options: MaintenanceOptions = {},
): Promise<{ events: number }> {
  await using _lock = await maintenanceLock(database);
  const build = await buildBeside(database, options);
  const [, , heads = []] = await build.run([
    // Nobody appends until this transaction ends.
    { sql: `SELECT pg_advisory_xact_lock(hashtext('synap.log'))` },
    INTO_REBUILD,
    {
      sql: `SELECT position, (${APPLY_SQL.replace('$2', 'h.position')}) FROM log_head h`,
      params: [build.position],
    },
    { sql: 'DROP VIEW synap.entity_versions' },
    ...PROJECTION_TABLES.flatMap((table) => [
      { sql: `DROP TABLE synap.${table}` },
      { sql: `ALTER TABLE ${REBUILD_SCHEMA}.${table} SET SCHEMA synap` },
    ]),
    { sql: `ALTER VIEW ${REBUILD_SCHEMA}.entity_versions SET SCHEMA synap` },
    { sql: `DROP TABLE ${build.mark}` },
  ]);
  return { events: Number(heads[0]?.position ?? build.position) };
}
