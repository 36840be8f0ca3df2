import type {
  Checksum,
  EntityId,
  EventSource,
  FileType,
  RelationId,
  StorageKey,
  Timestamp,
  UserId,
} from '@synap/types';
import type { Database, Row, Value } from '../connection/port.ts';
import type { KnownOrigin, LinkTarget, OriginReader } from './port.ts';

const KNOWN = `
  SELECT o.entity_id, o.source, o.path, o.checksum, o.modified_at, e.checksum AS entity_checksum, e.file_type,
         e.file_path, e.deleted_at IS NOT NULL AS deleted
  FROM entity_origins o JOIN entities e ON e.id = o.entity_id
  WHERE o.user_id = $1 AND o.source = $2`;

const LIST_SQL = `${KNOWN} AND o.path COLLATE "C" > $3 ORDER BY o.path COLLATE "C", o.position LIMIT $4`;
const AT_PATHS_SQL = `${KNOWN} AND o.path COLLATE "C" = ANY ($3::text[]) ORDER BY o.position`;

const NAMED_SQL = `
  SELECT o.entity_id, o.source, o.path, e.title, e.file_type
  FROM entity_origins o JOIN entities e ON e.id = o.entity_id
  WHERE o.user_id = $1 AND o.name = ANY (ARRAY(SELECT fold_name(n) FROM unnest($2::text[]) AS n))
    AND ($3::text IS NULL OR o.source = $3) AND e.deleted_at IS NULL
  ORDER BY o.path COLLATE "C"`;

const TITLED_SQL = `
  SELECT e.id AS entity_id, o.source, o.path, e.title, e.file_type
  FROM entities e LEFT JOIN entity_origins o ON o.entity_id = e.id
  WHERE e.user_id = $1 AND e.deleted_at IS NULL
    AND fold_name(e.title) = ANY (ARRAY(SELECT fold_name(n) FROM unnest($2::text[]) AS n))
  ORDER BY e.created_at, e.id LIMIT 1000`;

const MENTIONS_SQL = `
  SELECT id, source_entity_id, target_entity_id, position
  FROM relations WHERE user_id = $1 AND source_entity_id = ANY ($2::uuid[]) AND type = 'mentions'`;

const MADE_BY_SQL =
  'SELECT position FROM user_events WHERE user_id = $1 AND position = ANY ($2::bigint[]) AND source = $3';

/** Where imported entities come from, and what leads to them. */
export class OriginRepository implements OriginReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(userId: UserId, source: string, query: { after?: string; limit: number }): Promise<KnownOrigin[]> {
    return (await this.#rows(userId, LIST_SQL, [userId, source, query.after ?? '', query.limit])).map(knownOf);
  }

  async atPaths(userId: UserId, source: string, paths: readonly string[]): Promise<KnownOrigin[]> {
    return (await this.#rows(userId, AT_PATHS_SQL, [userId, source, paths])).map(knownOf);
  }

  async named(userId: UserId, names: readonly string[], source?: string): Promise<LinkTarget[]> {
    if (names.length === 0) return [];
    return (await this.#rows(userId, NAMED_SQL, [userId, names, source ?? null])).map(targetOf);
  }

  async titled(userId: UserId, titles: readonly string[]): Promise<LinkTarget[]> {
    if (titles.length === 0) return [];
    return (await this.#rows(userId, TITLED_SQL, [userId, titles])).map(targetOf);
  }

  async mentions(userId: UserId, sourceIds: readonly EntityId[]) {
    const rows = await this.#rows(userId, MENTIONS_SQL, [userId, sourceIds]);
    return rows.map((row) => ({
      id: row.id as RelationId,
      sourceId: row.source_entity_id as EntityId,
      targetId: row.target_entity_id as EntityId,
      position: Number(row.position),
    }));
  }

  async positionsBy(userId: UserId, positions: readonly number[], source: EventSource): Promise<number[]> {
    if (positions.length === 0) return [];
    const rows = await this.#rows(userId, MADE_BY_SQL, [userId, positions, source]);
    return rows.map((row) => Number(row.position));
  }

  async #rows(userId: UserId, sql: string, params: readonly Value[]): Promise<Row[]> {
    const [rows = []] = await this.#database.transaction({ role: 'app', userId }, [{ sql, params }]);
    return rows;
  }
}

function knownOf(row: Row): KnownOrigin {
  return {
    entityId: row.entity_id as EntityId,
    source: String(row.source),
    path: String(row.path),
    checksum: row.checksum as Checksum,
    modifiedAt: row.modified_at as Timestamp,
    entityChecksum: row.entity_checksum as Checksum | null,
    fileType: row.file_type as FileType | null,
    key: row.file_path as StorageKey | null,
    deleted: row.deleted === true,
  };
}

function targetOf(row: Row): LinkTarget {
  return {
    entityId: row.entity_id as EntityId,
    source: row.source as string | null,
    path: row.path as string | null,
    title: row.title as string | null,
    fileType: row.file_type as FileType | null,
  };
}
