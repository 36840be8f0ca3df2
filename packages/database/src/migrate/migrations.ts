import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 in hex: a migration never changes once it was shipped. */
  readonly checksum: string;
}

const FOLDER = new URL('../../migrations/', import.meta.url);
const FILE = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/** Synap's migrations in order, from `migrations/NNNN_name.sql`. */
export async function loadMigrations(folder: URL = FOLDER): Promise<Migration[]> {
  const migrations: Migration[] = [];
  for (const file of (await readdir(folder)).toSorted()) {
    const [, version, name] = FILE.exec(file) ?? [];
    if (version === undefined || name === undefined) throw new Error(`Not a migration: ${file}`);
    const sql = await readFile(new URL(file, folder), 'utf8');
    migrations.push({ version: Number(version), name, sql, checksum: createHash('sha256').update(sql).digest('hex') });
  }
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1) throw new Error(`Migrations are not numbered 1, 2, 3…: ${migration.name}`);
  });
  return migrations;
}
