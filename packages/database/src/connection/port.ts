import type { UserId } from '@synap/types';

/** What may be bound. An array is bound as a PostgreSQL array; JSON goes in as text, made by `JSON.stringify`. */
export type Value = string | number | boolean | null | Uint8Array | readonly (string | number | null)[];

export interface Statement {
  readonly sql: string;
  readonly params?: readonly Value[];
  /** Rows as arrays of values in the order of the columns, for a query builder that knows their names. */
  readonly arrays?: boolean;
}

/** Values come back as: `bigint` number, `timestamptz` ISO 8601 string, `bytea` Uint8Array, `jsonb` parsed. */
export type Row = Record<string, unknown>;

/**
 * Whose rights a transaction has. Row security shows `app` the rows of its user, and `owner` all. What is `readOnly` may
 * not write, and goes on when the disk is full; `app` may write only where it says so, and there only to what is no history.
 */
export type Context =
  | { readonly role: 'app'; readonly userId: UserId; readonly writes?: boolean }
  | { readonly role: 'auth'; readonly readOnly?: boolean }
  | { readonly role: 'owner'; readonly readOnly?: boolean };

/**
 * The one way to a database. There is no interactive transaction: whatever belongs together is handed over together, so
 * that nothing can hold the only session of an embedded database while it waits for something else.
 *
 * Every method throws a `SynapError`: `DATABASE_UNAVAILABLE` (no answer; whether a write happened is unknown),
 * `STORAGE_FULL`, `INVALID_TEXT` (text that PostgreSQL cannot keep), `VALIDATION_FAILED` (a value out of its range),
 * `DATABASE_FAILED` (anything else, with the driver's error as its cause).
 */
export interface Database {
  readonly kind: 'pglite' | 'postgres' | 'neon';

  /** One statement in a transaction of its own, with the login's rights: for functions that take their role themselves. */
  call(statement: Statement): Promise<Row[]>;

  /** All statements in one transaction under the rights of `context`, or none of them. Gives the rows of each. */
  transaction(context: Context, statements: readonly Statement[]): Promise<Row[][]>;

  /**
   * SQL of several statements, without parameters, with the login's own rights, in no transaction but those it begins
   * itself: for setting up and for upkeep.
   */
  script(sql: string): Promise<void>;

  /**
   * A lock of this name in the database, held until it is disposed of or the process dies; null if somebody holds it, in
   * this process or another.
   */
  tryLock(name: string): Promise<AsyncDisposable | null>;

  /** Ends what is under way and lets go. Harmless when repeated. */
  close(): Promise<void>;
}

/** The statement with which a transaction takes on the rights of a context. */
export function enter(context: Context): Statement {
  if (context.role === 'app') return { sql: 'SELECT synap.enter_app($1)', params: [context.userId] };
  return { sql: context.role === 'auth' ? 'SELECT synap.enter_auth()' : 'SELECT synap.enter_owner()' };
}

/** The statement that begins a transaction of a context. */
export function begin(context: Context): string {
  return isReadOnly(context) ? 'BEGIN READ ONLY' : 'BEGIN';
}

export function isReadOnly(context: Context): boolean {
  return context.role === 'app' ? context.writes !== true : context.readOnly === true;
}
