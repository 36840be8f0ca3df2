import { hash, randomBytes } from 'node:crypto';
import { type KeyScope, newUserId, SynapError, type Timestamp, type UserId, wellFormed } from '@synap/types';
import { v7 } from 'uuid';
import type { Database, Row, Statement } from '../connection/port.ts';
import type { Account, ApiKey } from './port.ts';

const KEY_BYTES = 32;
const KEY_PREFIX = 'synap_';
/** Characters of a key that are shown again, to tell it by. */
const SHOWN = 10;
const MIN_PRESET_LENGTH = 32;

const KEY_COLUMNS = 'id, user_id, name, prefix, scopes, created_at, expires_at, revoked_at';

export interface NewKey {
  readonly userId: UserId;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Given by the operator instead of made here; at least 32 characters. */
  readonly key?: string;
  readonly expiresAt?: Date;
}

/** Accounts and their API keys. Of a key only the SHA-256 is stored: who reads the table can use none. */
export class AccountRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The one who set this Synap up, or null before the first start. */
  async owner(): Promise<Account | null> {
    const [row] = await this.#read({ sql: `SELECT * FROM users WHERE role = 'owner'` });
    return row ? accountOf(row) : null;
  }

  /** Makes the owner's account, or gives the one that another process made first. */
  async createOwner(name: string): Promise<Account> {
    const inserted = await this.#run({
      sql: `INSERT INTO users (id, name, role) VALUES ($1, $2, 'owner') ON CONFLICT DO NOTHING RETURNING *`,
      params: [newUserId(), wellFormed(name, 'name')],
    });
    const account = inserted[0] ? accountOf(inserted[0]) : await this.owner();
    if (!account) throw new SynapError('INTERNAL', 'The owner’s account could not be made.');
    return account;
  }

  async createUser(user: { name: string }): Promise<Account> {
    const [row] = await this.#run({
      sql: `INSERT INTO users (id, name, role) VALUES ($1, $2, 'user') RETURNING *`,
      params: [newUserId(), wellFormed(user.name, 'name')],
    });
    return accountOf(row as Row);
  }

  async listUsers(): Promise<Account[]> {
    return (await this.#read({ sql: 'SELECT * FROM users ORDER BY created_at, id' })).map(accountOf);
  }

  /**
   * Makes a key. It is in the answer and nowhere else afterwards.
   * @throws {SynapError} `VALIDATION_FAILED` for a preset key that is too short or already in use
   */
  async createKey(input: NewKey): Promise<{ key: string; apiKey: ApiKey }> {
    const key = input.key ?? KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
    if (key.length < MIN_PRESET_LENGTH) {
      throw new SynapError('VALIDATION_FAILED', `A key has at least ${MIN_PRESET_LENGTH} characters.`);
    }
    const [row] = await this.#run({
      sql: `INSERT INTO api_keys (id, user_id, name, prefix, hash, scopes, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (hash) DO NOTHING RETURNING ${KEY_COLUMNS}`,
      params: [
        v7(),
        input.userId,
        wellFormed(input.name, 'name'),
        key.slice(0, SHOWN),
        keyHash(key),
        input.scopes,
        input.expiresAt?.toISOString() ?? null,
      ],
    });
    if (!row) throw new SynapError('VALIDATION_FAILED', 'This key is in use already. Choose another.');
    return { key, apiKey: apiKeyOf(row) };
  }

  /** Whose key this is, or null for one that is unknown, revoked or expired. */
  async authenticate(key: string): Promise<{ account: Account; apiKey: ApiKey } | null> {
    const [row] = await this.#read({
      sql: `SELECT k.${KEY_COLUMNS.replaceAll(', ', ', k.')}, to_jsonb(u) AS account
            FROM api_keys k JOIN users u ON u.id = k.user_id
            WHERE k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())`,
      params: [keyHash(key)],
    });
    return row ? { account: accountOf(row.account as Row), apiKey: apiKeyOf(row) } : null;
  }

  async listKeys(userId: UserId): Promise<ApiKey[]> {
    const rows = await this.#read({
      sql: `SELECT ${KEY_COLUMNS} FROM api_keys WHERE user_id = $1 ORDER BY created_at, id`,
      params: [userId],
    });
    return rows.map(apiKeyOf);
  }

  /** @returns false if the user has no such key that is still good */
  async revokeKey(userId: UserId, id: string): Promise<boolean> {
    const rows = await this.#run({
      sql: `UPDATE api_keys SET revoked_at = now() WHERE id::text = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id`,
      params: [id, userId],
    });
    return rows.length > 0;
  }

  async #read(statement: Statement): Promise<Row[]> {
    const [rows = []] = await this.#database.transaction({ role: 'auth', readOnly: true }, [statement]);
    return rows;
  }

  async #run(statement: Statement): Promise<Row[]> {
    const [rows = []] = await this.#database.transaction({ role: 'auth' }, [statement]);
    return rows;
  }
}

function keyHash(key: string): Uint8Array {
  return hash('sha256', key, 'buffer');
}

export function time(value: unknown): Timestamp {
  return new Date(String(value)).toISOString() as Timestamp;
}

export function accountOf(row: Row): Account {
  return {
    userId: row.id as UserId,
    name: String(row.name),
    role: row.role as Account['role'],
    createdAt: time(row.created_at),
  };
}

function apiKeyOf(row: Row): ApiKey {
  return {
    id: String(row.id),
    userId: row.user_id as UserId,
    name: String(row.name),
    prefix: String(row.prefix),
    scopes: row.scopes as KeyScope[],
    createdAt: time(row.created_at),
    expiresAt: row.expires_at === null ? null : time(row.expires_at),
    revokedAt: row.revoked_at === null ? null : time(row.revoked_at),
  };
}
