import { Pool as NeonPool } from '@neondatabase/serverless';
import { SynapError } from '@synap/types';
import { type ClientBase, Pool, type PoolClient, type PoolConfig, types } from 'pg';
import { databaseError, sqlState } from './errors.ts';
import { begin, type Context, type Database, enter, type Row, type Statement } from './port.ts';
import { isoTimestamp } from './timestamp.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, also with `?sslmode=…`. */
  readonly url: string;
  /** The most connections this process opens. Default 10. */
  readonly maxConnections?: number;
  /** Milliseconds to wait for a connection before `DATABASE_UNAVAILABLE`. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds after which the server ends a statement of the application. Default 30,000; 0 for never. */
  readonly statementTimeoutMs?: number;
}

// PostgreSQL's own numbers for its types (pg_type.dat).
const INT8 = 20;
const TIMESTAMPTZ = 1184;

function parserOf(oid: number, format: 'text' | 'binary' = 'text'): (value: string) => unknown {
  if (oid === INT8) return Number;
  if (oid === TIMESTAMPTZ) return isoTimestamp;
  return types.getTypeParser(oid, format as 'text') as (value: string) => unknown;
}

/** A `Database` over `pg`, or over Neon's driver, which has the same shape. */
export class PostgresDatabase implements Database {
  readonly kind: 'postgres' | 'neon';
  readonly #pool: Pool;
  readonly #newPool: (maxConnections: number) => Pool;
  #closing: Promise<void> | undefined;

  constructor(options: PostgresOptions, kind: 'postgres' | 'neon' = isNeon(options.url) ? 'neon' : 'postgres') {
    this.kind = kind;
    const config: PoolConfig = {
      connectionString: options.url,
      connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
      application_name: 'synap',
      types: { getTypeParser: parserOf as typeof types.getTypeParser },
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      // However the server spells times for others; `isoTimestamp` reads this. Sent as statements, because a pooler
      // between us and the server refuses them among the parameters of the connection.
      onConnect: spellTimes as (client: ClientBase) => void,
    };
    this.#newPool = (max) => {
      const own = { ...config, max };
      const pool = kind === 'neon' ? (new NeonPool(own) as unknown as Pool) : new Pool(own);
      // A connection that breaks, idle or in use, is replaced by the pool, and whoever uses it is told by its query;
      // without listeners it would end the process.
      pool.on('error', () => undefined);
      pool.on('connect', (client) => client.on('error', () => undefined));
      return pool;
    };
    try {
      this.#pool = this.#newPool(options.maxConnections ?? 10);
    } catch (cause) {
      throw new SynapError('CONFIGURATION_INVALID', 'DATABASE_URL is not a valid PostgreSQL address.', { cause });
    }
  }

  call(statement: Statement): Promise<Row[]> {
    return again(() => this.#call(statement));
  }

  transaction(context: Context, statements: readonly Statement[]): Promise<Row[][]> {
    return again(() => this.#transaction(context, statements));
  }

  async #call(statement: Statement): Promise<Row[]> {
    const client = await this.#connect();
    try {
      const result = await client.query({ ...prepared(statement.sql), values: bind(statement) });
      client.release();
      return result.rows as Row[];
    } catch (error) {
      throw release(client, error);
    }
  }

  async #transaction(context: Context, statements: readonly Statement[]): Promise<Row[][]> {
    const client = await this.#connect();
    try {
      await client.query(begin(context));
      const entering = enter(context);
      await client.query(entering.sql, bind(entering));
      const rows: Row[][] = [];
      for (const statement of statements) {
        const result = await client.query({
          text: statement.sql,
          values: bind(statement),
          ...(statement.arrays && { rowMode: 'array' as const }),
        });
        rows.push((result.rows ?? []) as Row[]);
      }
      await client.query('COMMIT');
      client.release();
      return rows;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw release(client, error);
    }
  }

  async script(sql: string): Promise<void> {
    const client = await this.#connect();
    try {
      await client.query(sql);
      client.release();
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw release(client, error);
    }
  }

  /**
   * On a connection of its own, in a transaction that stays open: a pooler between us and the server then keeps the lock
   * with us, and the server lets go of it when the connection ends, however that happens.
   */
  async tryLock(name: string): Promise<AsyncDisposable | null> {
    if (this.#closing) throw closed();
    const pool = this.#newPool(1);
    const unlock = async (client?: PoolClient) => {
      // The end of the connection is the end of its transaction, and of the lock.
      client?.release(true);
      await pool.end();
    };
    let client: PoolClient | undefined;
    try {
      client = await pool.connect();
      await client.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0');
      const { rows } = await client.query('SELECT pg_try_advisory_xact_lock(hashtext($1)) AS held', [name]);
      if ((rows[0] as Row).held === true) return { [Symbol.asyncDispose]: () => unlock(client) };
    } catch (error) {
      await unlock(client);
      throw client ? databaseError(error) : connectError(error);
    }
    await unlock(client);
    return null;
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  async #connect(): Promise<PoolClient> {
    if (this.#closing) throw closed();
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw connectError(error);
    }
  }
}

function closed(): SynapError {
  return new SynapError('DATABASE_UNAVAILABLE', 'The database connection is closed.');
}

// 40001: another transaction was first. 40P01: two waited for each other, as a reader and the swap of a rebuild may.
const UNDONE = /^(40001|40P01)$/;
const ATTEMPTS = 5;

/** What the server undid for another transaction's sake is done again: all of it is still at hand. */
async function again<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let left = ATTEMPTS; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 1 || !UNDONE.test(sqlState(error) ?? '')) throw error;
    }
  }
}

function isNeon(url: string): boolean {
  return URL.canParse(url) && new URL(url).hostname.endsWith('.neon.tech');
}

/** A statement short enough to name itself is parsed and planned once a connection. PostgreSQL's names end at 63 bytes. */
function prepared(sql: string): { text: string; name?: string } {
  return sql.length < 64 ? { text: sql, name: sql } : { text: sql };
}

/** The pool waits for this before it hands a connection out, though its types do not say so. */
async function spellTimes(client: ClientBase): Promise<void> {
  await client.query(`SET DateStyle = 'ISO'; SET TimeZone = 'UTC'`);
}

function bind(statement: Statement): unknown[] {
  return (statement.params ?? []).map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value));
}

/** A connection that failed for its own sake is thrown away; after an ordinary SQL error it is as good as before. */
function release(client: PoolClient, error: unknown): SynapError {
  const mapped = databaseError(error);
  client.release(mapped.code === 'DATABASE_UNAVAILABLE');
  return mapped;
}

/** Whatever fails while connecting means that the database cannot be used now; say which of the usual reasons it is. */
function connectError(error: unknown): SynapError {
  const mapped = databaseError(error);
  const state = mapped.details.sqlState;
  if (state === '28P01' || state === '28000') {
    return new SynapError('CONFIGURATION_INVALID', 'The database refuses the user or password of DATABASE_URL.', {
      cause: error,
    });
  }
  if (state === '3D000') {
    return new SynapError('CONFIGURATION_INVALID', 'The database that DATABASE_URL names does not exist.', {
      cause: error,
    });
  }
  return new SynapError('DATABASE_UNAVAILABLE', 'The database does not answer. Try again in a moment.', {
    cause: error,
  });
}
