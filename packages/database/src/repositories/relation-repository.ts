import type { EntityId, Relation, RelationId, RelationType, Timestamp, UserId } from '@synap/types';
import { and, asc, desc, eq, getTableColumns, gt, inArray, isNull, lt, or, type SQL } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Database } from '../connection/port.ts';
import { entities, relations } from '../schema/tables.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { Page, RelationReader } from './port.ts';
import { asUser, type OwnerFilter, ownedBy } from './session.ts';

const PAGE = 50;

export class RelationRepository implements RelationReader {
  readonly #database: Database;
  readonly #own: OwnerFilter;

  constructor(database: Database, own: OwnerFilter = ownedBy) {
    this.#database = database;
    this.#own = own;
  }

  async get(userId: UserId, id: RelationId): Promise<Relation | null> {
    const [row] = await this.#select(userId, eq(relations.id, id));
    return row ? relationOf(row) : null;
  }

  async find(userId: UserId, sourceId: EntityId, targetId: EntityId, type: RelationType): Promise<Relation | null> {
    const where = and(
      eq(relations.sourceEntityId, sourceId),
      eq(relations.targetEntityId, targetId),
      eq(relations.type, type),
    );
    const [row] = await this.#select(userId, where).limit(1);
    return row ? relationOf(row) : null;
  }

  async list(userId: UserId, query: { id?: EntityId; cursor?: string; limit?: number } = {}): Promise<Page<Relation>> {
    const limit = query.limit ?? PAGE;
    const where = and(
      query.id && or(eq(relations.sourceEntityId, query.id), eq(relations.targetEntityId, query.id)),
      query.cursor === undefined ? undefined : after(query.cursor),
    );
    const rows = await this.#select(userId, where)
      .orderBy(desc(relations.createdAt), asc(relations.id))
      .limit(limit + 1);
    return pageOf(rows, limit, (row) => row, relationOf);
  }

  async around(userId: UserId, ids: readonly EntityId[], limit: number): Promise<Relation[]> {
    const [source, target] = [alias(entities, 'source'), alias(entities, 'target')];
    const rows = await asUser(this.#database, userId)
      .select(getTableColumns(relations))
      .from(relations)
      .innerJoin(source, eq(source.id, relations.sourceEntityId))
      .innerJoin(target, eq(target.id, relations.targetEntityId))
      .where(
        and(
          ...[relations, source, target].map((table) => this.#own(table.userId, userId)),
          isNull(source.deletedAt),
          isNull(target.deletedAt),
          or(inArray(relations.sourceEntityId, [...ids]), inArray(relations.targetEntityId, [...ids])),
        ),
      )
      .orderBy(desc(relations.createdAt), asc(relations.id))
      .limit(limit);
    return rows.map(relationOf);
  }

  #select(userId: UserId, where: SQL | undefined) {
    return asUser(this.#database, userId)
      .select()
      .from(relations)
      .where(and(this.#own(relations.userId, userId), where))
      .$dynamic();
  }
}

function after(cursor: string): SQL | undefined {
  const { createdAt, id } = decodeCursor(cursor);
  return or(lt(relations.createdAt, createdAt), and(eq(relations.createdAt, createdAt), gt(relations.id, id)));
}

function relationOf(row: typeof relations.$inferSelect): Relation {
  return {
    id: row.id as RelationId,
    sourceId: row.sourceEntityId as EntityId,
    targetId: row.targetEntityId as EntityId,
    type: row.type as RelationType,
    createdAt: row.createdAt as Timestamp,
  };
}
