import type { Database } from '../connection/port.ts';
import { readLogHead } from './log.sql.ts';
import type { MaintenanceOptions } from './port.ts';

/** The schema in which projections are made anew, beside the live ones. */
export const REBUILD_SCHEMA = 'synap_rebuild';

const BATCH = 500;
/** Events that may be left for the short time in which nobody writes. */
const LEFT_FOR_THE_LOCK = 200;

export const PROJECTION_TABLES = [
  'entities',
  'entity_history',
  'task_details',
  'tags',
  'entity_tags',
  'relations',
] as const;

const CLEAR = [
  { sql: `DROP VIEW IF EXISTS ${REBUILD_SCHEMA}.entity_versions` },
  ...PROJECTION_TABLES.map((table) => ({ sql: `DROP TABLE IF EXISTS ${REBUILD_SCHEMA}.${table}` })),
];

const INTO_REBUILD = { sql: `SELECT set_config('search_path', '${REBUILD_SCHEMA}, synap, public', true)` };

/**
 * The events after $1 up to $2, applied in waves: in each wave at most one event of a stream, the streams' own order kept.
 * One call, so that the embedded database's session is not held for longer than this takes.
 */
const APPLY_SQL = `
  SELECT count(project_events(positions, since)) FROM (
    SELECT array_agg(position) AS positions, min(recorded_at) AS since
    FROM (
      SELECT position, recorded_at, row_number() OVER (PARTITION BY aggregate_id ORDER BY version) AS wave
      FROM events WHERE position > $1 AND position <= $2
    ) e
    GROUP BY wave ORDER BY wave
  ) w`;

/**
 * Makes all state projections anew from the events up to the log's head, in a schema of their own that replaces whatever
 * an interrupted rebuild left there. The live ones are not touched.
 * @returns the position up to which they are made
 */
export async function buildBeside(database: Database, options: MaintenanceOptions = {}): Promise<number> {
  await database.transaction({ role: 'owner' }, [
    ...CLEAR,
    INTO_REBUILD,
    { sql: 'SELECT create_projections()' },
  ]);
  let done = 0;
  for (;;) {
    const { position } = await readLogHead(database);
    if (position === done) return done;
    while (done < position) {
      const next = Math.min(done + BATCH, position);
      await database.transaction({ role: 'owner' }, [INTO_REBUILD, { sql: APPLY_SQL, params: [done, next] }]);
      done = next;
      options.onProgress?.({ check: 'rebuild', done, total: position });
    }
    if ((await readLogHead(database)).position - done <= LEFT_FOR_THE_LOCK) return done;
  }
}

/** Removes what `buildBeside` made. */
export async function dropBeside(database: Database): Promise<void> {
  await database.transaction({ role: 'owner' }, CLEAR);
}

/**
 * Makes the state projections anew beside the live ones and puts them in their place: writers wait only while the last
 * few events are applied and the tables change places, with their indexes, policies and grants.
 * @returns how many events the new projections are made of
 */
export async function rebuildProjections(
  database: Database,
  options: MaintenanceOptions = {},
): Promise<{ events: number }> {
  const done = await buildBeside(database, options);
  const [, , heads = []] = await database.transaction({ role: 'owner' }, [
    // Nobody appends until this transaction ends.
    { sql: 'SELECT position FROM log_head FOR UPDATE' },
    INTO_REBUILD,
    {
      sql: `SELECT position, (${APPLY_SQL.replace('$2', 'h.position')}) FROM log_head h`,
      params: [done],
    },
    { sql: 'DROP VIEW synap.entity_versions' },
    ...PROJECTION_TABLES.flatMap((table) => [
      { sql: `DROP TABLE synap.${table}` },
      { sql: `ALTER TABLE ${REBUILD_SCHEMA}.${table} SET SCHEMA synap` },
    ]),
    { sql: `ALTER VIEW ${REBUILD_SCHEMA}.entity_versions SET SCHEMA synap` },
  ]);
  return { events: Number(heads[0]?.position ?? done) };
}
