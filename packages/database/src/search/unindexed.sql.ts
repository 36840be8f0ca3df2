import type { Checksum, EntityId, FileType, StorageKey, UserId } from '@synap/types';
import type { Database } from '../connection/port.ts';
import type { IndexRows } from '../event-store/port.ts';

/** An entity as far as its index rows follow from it. */
export interface Unindexed {
  readonly id: EntityId;
  readonly userId: UserId;
  readonly version: number;
  readonly title: string | null;
  readonly tags: readonly string[];
  readonly path: string | null;
  readonly key: StorageKey | null;
  readonly fileType: FileType | null;
  /** Bytes. */
  readonly fileSize: number | null;
  readonly checksum: Checksum | null;
}

const UNINDEXED_SQL = `
  SELECT e.id, e.user_id, e.version, e.title, e.tags, e.path, e.file_path, e.file_type, e.file_size, e.checksum
  FROM entities e
  WHERE e.id > $1 AND ($3::smallint IS NULL OR NOT EXISTS (
    SELECT FROM search_chunks c WHERE c.entity_id = e.id AND c.chunk = 0 AND c.analyzer >= $3))
  ORDER BY e.id LIMIT $2`;

/** Comes before every id. */
const FIRST = '00000000-0000-0000-0000-000000000000';

/**
 * Entities of all users, also deleted ones, whose index rows are missing or were made by an older analysis; by id.
 * @param options.analyzer the analysis of today; absent: all entities, however they are indexed
 * @param options.after the last id that was seen
 */
export async function selectUnindexed(
  database: Database,
  options: { readonly analyzer?: number; readonly after?: EntityId; readonly limit: number },
): Promise<Unindexed[]> {
  const params = [options.after ?? FIRST, options.limit, options.analyzer ?? null];
  const [rows = []] = await database.transaction({ role: 'owner', readOnly: true }, [{ sql: UNINDEXED_SQL, params }]);
  return rows.map((row) => ({
    id: row.id as EntityId,
    userId: row.user_id as UserId,
    version: Number(row.version),
    title: row.title as string | null,
    tags: row.tags as string[],
    path: row.path as string | null,
    key: row.file_path as StorageKey | null,
    fileType: row.file_type as FileType | null,
    fileSize: row.file_size === null ? null : Number(row.file_size),
    checksum: row.checksum as Checksum | null,
  }));
}

/**
 * Replaces the index rows of entities that are still at the version which these were made of; one that went on meanwhile
 * keeps what it has. Nobody writes meanwhile, so few should come at once.
 */
export async function indexEntities(
  database: Database,
  items: readonly { readonly id: EntityId; readonly version: number; readonly index: IndexRows }[],
): Promise<void> {
  if (items.length === 0) return;
  const json = JSON.stringify(items.map(({ id, ...item }) => ({ aggregateId: id, ...item })));
  await database.transaction({ role: 'owner' }, [
    { sql: `SELECT pg_advisory_xact_lock(hashtext('synap.log'))` },
    { sql: `SELECT index_content($1, '{}')`, params: [json] },
  ]);
}
