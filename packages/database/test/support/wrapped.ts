import type { Database, Row, Statement } from '../../src/index.ts';

/** A database whose `call`, by which events are written, goes through `call`. */
export function wrapped(
  database: Database,
  call: (statement: Statement, pass: (statement: Statement) => Promise<Row[]>) => Promise<Row[]>,
): Database {
  return {
    kind: database.kind,
    call: (statement) => call(statement, (passed) => database.call(passed)),
    transaction: (context, statements) => database.transaction(context, statements),
    script: (sql) => database.script(sql),
    tryLock: (name) => database.tryLock(name),
    close: () => database.close(),
  };
}
