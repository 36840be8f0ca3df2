import { readFile, writeFile } from 'node:fs/promises';
import { getTableColumns, getTableName, getViewName, is, type SQL, sql } from 'drizzle-orm';
import { getTableConfig, getViewConfig, PgTable, PgView } from 'drizzle-orm/pg-core';
import { expect, it } from 'vitest';
import { rebuildProjections } from '../src/index.ts';
import { asUser } from '../src/repositories/session.ts';
import * as tables from '../src/schema/tables.ts';
import { dumpSchema } from '../src/testing/index.ts';
import { noteCreated } from './support/events.ts';
import { asOwner, useLibrary } from './support/library.ts';

const library = useLibrary();
const FILE = new URL('../schema.sql', import.meta.url);

it('is the one in schema.sql', async () => {
  const schema = await dumpSchema(library.database);
  if (process.env.UPDATE_SCHEMA) await writeFile(FILE, schema);
  expect(schema).toBe(await readFile(FILE, 'utf8'));
});

it('is the same after a rebuild, with policies and grants', async () => {
  await library.events.append(noteCreated(library.alice));
  await rebuildProjections(library.database);
  expect(await dumpSchema(library.database)).toBe(await readFile(FILE, 'utf8'));
});

const relations = Object.entries(tables).filter(([, table]) => is(table, PgTable) || is(table, PgView));

it.each(relations)('drizzle knows every column of %s, and the database each of drizzle’s', async (_, relation) => {
  const columns = is(relation, PgTable) ? getTableColumns(relation) : getViewConfig(relation as never).selectedFields;
  const name = is(relation, PgTable) ? getTableName(relation) : getViewName(relation as never);
  const schema = is(relation, PgTable) ? getTableConfig(relation).schema : 'synap';
  const known = Object.values(columns as Record<string, { name: string }>).map((column) => column.name);

  const rows = await asOwner(
    library.database,
    `SELECT attname AS name, attnotnull AS required FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [`${schema}.${name}`],
  );
  expect(known.toSorted()).toEqual(rows.map((row) => String(row.name)).toSorted());
  const read = asUser(library.database, library.alice).select(columns as Record<string, SQL>);
  expect(await read.from(relation as never).where(sql`true`)).toBeInstanceOf(Array);
});

it('drizzle knows every table that the application may read', async () => {
  const rows = await asOwner(
    library.database,
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'synap'::regnamespace AND relkind IN ('r', 'v') AND has_table_privilege('synap_app', oid, 'SELECT')
       AND relname NOT IN ('user_events', 'user_event_streams', 'user_event_ids', 'migrations')`,
  );
  const known = relations.map(([, table]) => (is(table, PgTable) ? getTableName(table) : getViewName(table as never)));
  expect(known.toSorted()).toEqual(rows.map((row) => String(row.name)).toSorted());
});
