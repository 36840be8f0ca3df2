import type { Database, Row } from '../connection/port.ts';
import type { Finding, MaintenanceOptions } from './port.ts';
import { type Build, buildBeside, maintenanceLock, REBUILD_SCHEMA } from './rebuild.ts';

/** How a table's rows are told apart, and by which event each was last changed. */
interface Comparison {
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
  /** SQL for the stream of a row; a stream that went on after the look is not compared. */
  readonly stream: string;
}

const ENTITY_COLUMNS = [
  ...['user_id', 'type', 'title', 'preview', 'tags', 'path', 'file_path', 'file_size', 'file_type', 'checksum'],
  ...['version', 'position', 'created_at', 'updated_at', 'deleted_at'],
];
const TASK_COLUMNS = ['status', 'priority', 'due_date', 'completed_at'];

const COMPARISONS: readonly Comparison[] = [
  { table: 'entities', key: ['id'], columns: ENTITY_COLUMNS, stream: 'id' },
  {
    table: 'entity_history',
    key: ['id', 'version'],
    columns: [...ENTITY_COLUMNS, ...TASK_COLUMNS, 'valid_to'],
    stream: 'id',
  },
  { table: 'task_details', key: ['entity_id'], columns: ['user_id', ...TASK_COLUMNS, 'position'], stream: 'entity_id' },
  { table: 'entity_tags', key: ['entity_id', 'tag_id'], columns: ['user_id'], stream: 'entity_id' },
  {
    table: 'relations',
    key: ['id'],
    columns: ['user_id', 'source_entity_id', 'target_entity_id', 'type', 'position', 'created_at'],
    stream: 'id',
  },
  {
    table: 'entity_origins',
    key: ['entity_id'],
    columns: ['user_id', 'source', 'path', 'name', 'checksum', 'modified_at', 'version', 'position'],
    stream: 'entity_id',
  },
  // A tag belongs to no one stream. One that only a later event made, or made older, is not wrong.
  { table: 'tags', key: ['id'], columns: ['user_id', 'name', 'color', 'created_at'], stream: '' },
];

const FINDINGS = 1_000;

/**
 * Makes the projections anew beside the live ones and compares every row. Writes may go on meanwhile.
 * @throws {SynapError} `MAINTENANCE_RUNNING` while another verify or rebuild runs
 */
export async function* verifyProjections(
  database: Database,
  options: MaintenanceOptions = {},
): AsyncGenerator<Finding> {
  await using _lock = await maintenanceLock(database);
  const build = await buildBeside(database, options);
  try {
    for (const [index, comparison] of COMPARISONS.entries()) {
      for (const row of await compare(build, comparison)) yield findingOf(comparison, row);
      options.onProgress?.({ check: 'projections', done: index + 1, total: COMPARISONS.length });
    }
  } finally {
    await build.drop();
  }
}

async function compare(build: Build, comparison: Comparison): Promise<Row[]> {
  const { table, key, columns, stream } = comparison;
  const list = (alias: string) => columns.map((column) => `${alias}.${column}`).join(', ');
  const quiet = stream
    ? `NOT EXISTS (SELECT FROM synap.event_streams s
         WHERE s.aggregate_id = coalesce(l.${stream}, r.${stream})
           AND s.position > $1)`
    : `(SELECT position FROM synap.log_head) = $1 OR r.id IS NOT NULL AND l.created_at >= r.created_at`;
  const [rows = []] = await build.run([
    {
      sql: `
        SELECT ${key.map((column) => `coalesce(l.${column}, r.${column})::text AS key_${column}`).join(', ')},
               l.${key[0]} IS NULL AS missing, r.${key[0]} IS NULL AS extra,
               ${columns.map((column) => `l.${column} IS DISTINCT FROM r.${column} AS "${column}"`).join(', ')}
        FROM synap.${table} l FULL JOIN ${REBUILD_SCHEMA}.${table} r
          ON ${key.map((column) => `l.${column} = r.${column}`).join(' AND ')}
        WHERE (${list('l')}) IS DISTINCT FROM (${list('r')}) AND (${quiet})
        LIMIT ${FINDINGS}`,
      params: [build.position],
    },
  ]);
  return rows;
}

function findingOf(comparison: Comparison, row: Row): Finding {
  const { table, key, columns } = comparison;
  const id = String(row[`key_${key[0]}`]);
  const what = row.missing ? 'is missing' : row.extra ? 'should not be there' : 'differs';
  const names = columns.filter((column) => row[column] === true).join(', ');
  return {
    check: 'projections',
    code: row.missing ? 'ROW_MISSING' : row.extra ? 'ROW_EXTRA' : 'ROW_ALTERED',
    message: `A row of ${table} ${what}${row.missing || row.extra ? '' : ` (${names})`}.`,
    aggregateId: id,
    ...(key.includes('version') ? { version: Number(row.key_version) } : {}),
  };
}
