import { readFile, writeFile } from 'node:fs/promises';
import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { migrate, PostgresDatabase } from '../src/index.ts';
import { loadMigrations } from '../src/migrate/migrations.ts';
import * as tables from '../src/schema/tables.ts';
import { noteCreated } from './support/events.ts';
import { asOwner, failure, findings, useLibrary } from './support/library.ts';
import { schemaDump } from './support/schema-dump.ts';

const library = useLibrary();
const SCHEMA = new URL('../schema.sql', import.meta.url);

describe('migrate', () => {
  it('does nothing the second time', async () => {
    expect(await migrate(library.database)).toEqual([]);
  });

  it('may run twice at once: each migration is applied once', async () => {
    const known = await loadMigrations();
    const sql = 'CREATE TABLE synap.added (id integer)';
    const more = [...known, { version: known.length + 1, name: 'added', sql, checksum: 'a'.repeat(64) }];
    const { url } = library.test;
    const other = url ? new PostgresDatabase({ url }, 'postgres') : library.database;
    const applied = await Promise.all([migrate(library.database, more), migrate(other, more)]);
    expect(applied.flat()).toEqual(['added']);
    if (other !== library.database) await other.close();
    const count = 'SELECT count(*) AS n FROM synap.migrations';
    expect(await asOwner(library.database, count)).toEqual([{ n: more.length }]);

    // From here on the database is newer than this program.
    expect(await failure(migrate(library.database))).toMatchObject({
      code: 'CONFIGURATION_INVALID',
      details: { databaseVersion: more.length, knownVersion: known.length },
    });
    await asOwner(library.database, 'DROP TABLE synap.added');
    await asOwner(library.database, `DELETE FROM synap.migrations WHERE name = 'added'`);
  });

  it('refuses a migration that was changed after it was applied', async () => {
    const known = await loadMigrations();
    const changed = known.map((one) => (one.version === 2 ? { ...one, checksum: 'b'.repeat(64) } : one));
    expect(await failure(migrate(library.database, changed))).toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });

  it('leaves nothing half done of one that fails', async () => {
    const known = await loadMigrations();
    const sql = 'CREATE TABLE synap.half (id integer); SELECT 1 / 0';
    const more = [...known, { version: known.length + 1, name: 'half', sql, checksum: 'c'.repeat(64) }];
    expect(await failure(migrate(library.database, more))).toMatchObject({ details: { sqlState: '22012' } });
    expect(await asOwner(library.database, `SELECT to_regclass('synap.half') AS half`)).toEqual([{ half: null }]);
    expect(await migrate(library.database)).toEqual([]);
    await library.events.append(noteCreated(library.alice));
    expect(await findings(library.database)).toEqual([]);
  });

  it('gives every year ahead a partition, and every other time a place', async () => {
    const [row] = await asOwner(
      library.database,
      `SELECT count(*) AS n FROM pg_inherits WHERE inhparent = 'synap.events'::regclass`,
    );
    expect(Number(row?.n)).toBeGreaterThanOrEqual(3);
    const year = new Date().getUTCFullYear();
    const [bounds] = await asOwner(
      library.database,
      `SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relname = 'events_${year}'`,
    );
    expect(bounds?.bound).toContain(`${year}-01-01 00:00:00`);
  });
});

describe('the schema', () => {
  it('is the one in schema.sql (UPDATE_SCHEMA=1 writes it anew)', async () => {
    const dump = await schemaDump(library.database);
    if (process.env.UPDATE_SCHEMA) await writeFile(SCHEMA, dump);
    expect(dump).toBe(await readFile(SCHEMA, 'utf8'));
  });

  it.each(Object.values(tables).filter((table) => is(table, PgTable)))(
    'is known to the query builder',
    async (table) => {
      const rows = await asOwner(
        library.database,
        `SELECT attname::text AS name FROM pg_attribute
       WHERE attrelid = 'synap.${getTableName(table)}'::regclass AND attnum > 0 AND NOT attisdropped`,
      );
      const known = new Set(Object.values(getTableColumns(table)).map((column) => column.name));
      expect(known).toEqual(new Set(rows.map((row) => String(row.name))));
    },
  );
});
