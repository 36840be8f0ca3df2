import { PgliteDatabase, type PgliteOptions } from './pglite.ts';
import type { Database } from './port.ts';
import { PostgresDatabase, type PostgresOptions } from './postgres.ts';

/** A server if there is an address, else the embedded database in the data folder. */
export async function openDatabase(options: Partial<PostgresOptions> & PgliteOptions): Promise<Database> {
  const { url } = options;
  if (url === undefined) return PgliteDatabase.open(options);
  return new PostgresDatabase({ ...options, url });
}
