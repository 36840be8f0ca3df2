import type {
  Checksum,
  Entity,
  EntityId,
  EntityType,
  FileType,
  Origin,
  StorageKey,
  TaskDetails,
  TaskStatus,
  Timestamp,
  UserId,
} from '@synap/types';
import {
  and,
  arrayContains,
  asc,
  count,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { Database } from '../connection/port.ts';
import { entities, entityOrigins, entityTags, entityVersions, tags, taskDetails } from '../schema/tables.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { EntityReader, EntityRecord, ListQuery, Page } from './port.ts';
import { asUser, type OwnerFilter, ownedBy } from './session.ts';

const PAGE = 50;
const MAX_VERSION = 2 ** 31 - 1;

/** What both the newest state and a past one are read as. */
type Source = typeof entities | typeof entityVersions;

const columnsOf = (source: Source, task: typeof taskDetails | typeof entityVersions) => ({
  id: source.id,
  type: source.type,
  title: source.title,
  preview: source.preview,
  tags: source.tags,
  path: source.path,
  filePath: source.filePath,
  fileSize: source.fileSize,
  fileType: source.fileType,
  checksum: source.checksum,
  version: source.version,
  createdAt: source.createdAt,
  updatedAt: source.updatedAt,
  deletedAt: source.deletedAt,
  status: task.status,
  priority: task.priority,
  dueDate: task.dueDate,
  completedAt: task.completedAt,
  origin: {
    source: entityOrigins.source,
    path: entityOrigins.path,
    checksum: entityOrigins.checksum,
    modifiedAt: entityOrigins.modifiedAt,
  },
});

const newestColumns = columnsOf(entities, taskDetails);
const versionColumns = columnsOf(entityVersions, entityVersions);

export class EntityRepository implements EntityReader {
  readonly #database: Database;
  readonly #own: OwnerFilter;

  constructor(database: Database, own: OwnerFilter = ownedBy) {
    this.#database = database;
    this.#own = own;
  }

  async get(userId: UserId, id: EntityId): Promise<EntityRecord | null> {
    const [row] = await this.#newest(userId, eq(entities.id, id)).limit(1);
    return row ? recordOf(row) : null;
  }

  async getVersion(userId: UserId, id: EntityId, version: number): Promise<EntityRecord | null> {
    // A number that the column cannot hold would be an error instead of no row.
    if (version > MAX_VERSION) return null;
    const [row] = await this.#versions(userId, and(eq(entityVersions.id, id), eq(entityVersions.version, version)));
    return row ? recordOf(row) : null;
  }

  async getAt(userId: UserId, id: EntityId, at: Date): Promise<EntityRecord | null> {
    const [row] = await this.#versions(userId, and(eq(entityVersions.id, id), validAt(at)));
    return row ? recordOf(row) : null;
  }

  async getMany(userId: UserId, ids: readonly EntityId[]): Promise<EntityRecord[]> {
    const rows = await this.#newest(userId, and(inArray(entities.id, [...ids]), isNull(entities.deletedAt)));
    return rows.map(recordOf);
  }

  async list(userId: UserId, query: ListQuery = {}): Promise<Page<EntityRecord>> {
    const limit = query.limit ?? PAGE;
    const source = query.at ? entityVersions : entities;
    const where = and(
      query.type && eq(source.type, query.type),
      query.status && eq((query.at ? entityVersions : taskDetails).status, query.status),
      query.deleted ? isNotNull(source.deletedAt) : isNull(source.deletedAt),
      query.tag === undefined ? undefined : this.#tagged(userId, source, query.tag),
      query.cursor === undefined ? undefined : after(source, query.cursor),
      query.at && validAt(query.at),
    );
    const selection = query.at ? this.#versions(userId, where) : this.#newest(userId, where);
    const rows = await selection.orderBy(desc(source.createdAt), asc(source.id)).limit(limit + 1);
    return pageOf(rows, limit, (row) => ({ createdAt: isoOf(row.createdAt), id: row.id }), recordOf);
  }

  listTags(userId: UserId): Promise<{ name: string; count: number }[]> {
    return asUser(this.#database, userId)
      .select({ name: tags.name, count: count() })
      .from(tags)
      .innerJoin(entityTags, eq(entityTags.tagId, tags.id))
      .innerJoin(entities, eq(entities.id, entityTags.entityId))
      .where(and(this.#own(tags.userId, userId), isNull(entities.deletedAt)))
      .groupBy(tags.name)
      .orderBy(asc(tags.name));
  }

  #newest(userId: UserId, where: SQL | undefined) {
    return asUser(this.#database, userId)
      .select(newestColumns)
      .from(entities)
      .leftJoin(taskDetails, eq(taskDetails.entityId, entities.id))
      .leftJoin(entityOrigins, eq(entityOrigins.entityId, entities.id))
      .where(and(this.#own(entities.userId, userId), where))
      .$dynamic();
  }

  #versions(userId: UserId, where: SQL | undefined) {
    return (
      asUser(this.#database, userId)
        .select(versionColumns)
        .from(entityVersions)
        // The origin is known as it is now: of an older version only if it has been the same since.
        .leftJoin(
          entityOrigins,
          and(eq(entityOrigins.entityId, entityVersions.id), lte(entityOrigins.version, entityVersions.version)),
        )
        .where(and(this.#own(entityVersions.userId, userId), where))
        .$dynamic()
    );
  }

  #tagged(userId: UserId, source: Source, tag: string): SQL | undefined {
    if (source === entityVersions) return arrayContains(entityVersions.tags, [tag]);
    const own = this.#own(tags.userId, userId) ?? sql`true`;
    return sql`${entities.id} IN (
      SELECT ${entityTags.entityId} FROM ${entityTags} JOIN ${tags} ON ${tags.id} = ${entityTags.tagId}
      WHERE ${own} AND ${tags.name} = ${tag})`;
  }
}

function validAt(at: Date): SQL | undefined {
  const instant = at.toISOString();
  return and(lte(entityVersions.updatedAt, instant), gt(entityVersions.validTo, instant));
}

function after(source: Source, cursor: string): SQL | undefined {
  const { createdAt, id } = decodeCursor(cursor);
  return or(lt(source.createdAt, createdAt), and(eq(source.createdAt, createdAt), gt(source.id, id)));
}

/** One row of either source; a join makes every column of it nullable in the types, though not in the data. */
type EntityRow = Columns<Omit<typeof versionColumns, 'origin'>> & {
  readonly origin: Columns<(typeof versionColumns)['origin']> | null;
};
type Columns<Of extends Record<string, PgColumn>> = { [Name in keyof Of]: Of[Name]['_']['data'] | null };

function recordOf(row: EntityRow): EntityRecord {
  const task = taskOf(row);
  const entity: Entity = {
    id: row.id as EntityId,
    type: row.type as EntityType,
    title: row.title,
    preview: row.preview ?? '',
    tags: row.tags ?? [],
    path: row.path,
    version: row.version ?? 0,
    fileSize: row.fileSize,
    fileType: row.fileType as FileType | null,
    checksum: row.checksum as Checksum | null,
    createdAt: isoOf(row.createdAt),
    updatedAt: isoOf(row.updatedAt),
    deletedAt: row.deletedAt === null ? null : isoOf(row.deletedAt),
    ...(task && { task }),
    ...(row.origin && row.origin.source !== null && { origin: row.origin as Origin }),
    enrichment: { status: 'off' },
  };
  return { entity, key: row.filePath as StorageKey | null };
}

function taskOf(row: EntityRow): TaskDetails | undefined {
  if (row.status === null) return undefined;
  return {
    status: row.status as TaskStatus,
    priority: row.priority ?? 0,
    dueDate: row.dueDate === null ? null : isoOf(row.dueDate),
    completedAt: row.completedAt === null ? null : isoOf(row.completedAt),
  };
}

function isoOf(value: string | null): Timestamp {
  return value as Timestamp;
}
