import type { Database } from './port.ts';

/** Resolves if the database answers and the schema is there. @throws {SynapError} the errors of `Database` */
export async function ping(database: Database): Promise<void> {
  await database.call({ sql: 'SELECT FROM synap.migrations LIMIT 1' });
}
