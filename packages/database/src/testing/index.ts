export { dumpSchema } from './schema-dump.ts';
export { type TestDatabase, testDatabase } from './test-database.ts';
