import type { UserId } from '@synap/types';
import { eq, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/pg-proxy';
import type { Database, Value } from '../connection/port.ts';

/** drizzle as one user: each query is a transaction under that user's row security. */
export function asUser(database: Database, userId: UserId) {
  return drizzle(async (sql, params) => {
    const [rows = []] = await database.transaction({ role: 'app', userId }, [
      { sql, params: params as Value[], arrays: true },
    ]);
    return { rows };
  });
}

/**
 * The application's own filter, beside the database's. A parameter of the repositories only so that a test can take it
 * away and see that the database alone keeps users apart.
 */
export type OwnerFilter = (column: PgColumn, userId: UserId) => SQL | undefined;

export const ownedBy: OwnerFilter = (column, userId) => eq(column, userId);
