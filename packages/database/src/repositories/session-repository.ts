import { hash, randomBytes } from 'node:crypto';
import { SynapError, type Timestamp, type UserId } from '@synap/types';
import type { Database, Row, Statement } from '../connection/port.ts';
import { accountOf, time } from './account-repository.ts';
import type { Session } from './port.ts';

const TOKEN_BYTES = 32;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const LINK_MS = 10 * MINUTE_MS;
const SESSION_MS = 7 * DAY_MS;
/** How often a session's end is moved at most: a write for each request would be too much. */
const REFRESH_MS = DAY_MS;
/** By how much clocks may differ: those of several servers, and one that is set right. */
const SKEW_MS = MINUTE_MS;
/** Milliseconds for which a link that is over is still told from one that never was. */
const KEPT_MS = DAY_MS;
const USER_AGENT_CHARACTERS = 200;

/** A token of ours: 32 bytes as base64url. Anything else is none, and no reason to ask the database. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

const SESSION_COLUMNS = 's.created_at, s.refreshed_at, s.expires_at, to_jsonb(u) AS account';

/** A token with when it ends. It is in this answer and nowhere else afterwards. */
export interface Issued {
  readonly token: string;
  readonly expiresAt: Timestamp;
}

/**
 * Links that sign in, and sessions. Of their tokens only the SHA-256 is stored. What is over is removed whenever
 * something new begins.
 */
export class SessionRepository {
  readonly #database: Database;
  readonly #clock: () => Date;

  constructor(database: Database, clock: () => Date = () => new Date()) {
    this.#database = database;
    this.#clock = clock;
  }

  /** A token that signs a user in once, within ten minutes. */
  async createLink(userId: UserId): Promise<Issued> {
    const [token, now] = [newToken(), this.#clock()];
    const expiresAt = after(now, LINK_MS);
    await this.#run([
      { sql: 'DELETE FROM sign_in_links WHERE expires_at < $1', params: [after(now, -KEPT_MS)] },
      {
        sql: 'INSERT INTO sign_in_links (hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)',
        params: [hashOf(token), userId, after(now, 0), expiresAt],
      },
    ]);
    return { token, expiresAt };
  }

  /**
   * Begins a session with a link's token. Of several that use one link at once, one gets the session.
   * @throws {SynapError} `SIGN_IN_LINK_INVALID`, with `details.reason`: `used`, `expired` or `unknown`
   */
  async signIn(link: string, userAgent?: string | null): Promise<Issued & { readonly session: Session }> {
    if (!isToken(link)) throw refused('unknown');
    const [token, now] = [newToken(), this.#clock()];
    const [, rows, links] = await this.#run([
      { sql: 'DELETE FROM sessions WHERE expires_at <= $1', params: [after(now, 0)] },
      {
        sql: `WITH link AS (
                UPDATE sign_in_links SET used_at = $3
                WHERE hash = $1 AND used_at IS NULL AND expires_at > $3 AND created_at <= $4
                RETURNING user_id
              ), s AS (
                INSERT INTO sessions (hash, user_id, user_agent, created_at, refreshed_at, expires_at)
                SELECT $2, user_id, $6, $3, $3, $5 FROM link RETURNING *
              )
              SELECT ${SESSION_COLUMNS} FROM s JOIN users u ON u.id = s.user_id`,
        params: [
          hashOf(link),
          hashOf(token),
          after(now, 0),
          // A clock that was set back does not give an old link another ten minutes.
          after(now, SKEW_MS),
          after(now, SESSION_MS),
          userAgentOf(userAgent),
        ],
      },
      // After the other, so that whoever was too late for a link sees that it was used.
      { sql: 'SELECT used_at FROM sign_in_links WHERE hash = $1', params: [hashOf(link)] },
    ]);
    const row = rows?.[0];
    if (row) {
      const session = sessionOf(row);
      return { token, expiresAt: session.expiresAt, session };
    }
    const known = links?.[0];
    throw refused(known === undefined ? 'unknown' : known.used_at === null ? 'expired' : 'used');
  }

  /** Whose session this is, or null for one that is unknown or over. */
  async find(token: string): Promise<Session | null> {
    if (!isToken(token)) return null;
    const [rows = []] = await this.#database.transaction({ role: 'auth', readOnly: true }, [
      {
        sql: `SELECT ${SESSION_COLUMNS} FROM sessions s JOIN users u ON u.id = s.user_id
              WHERE s.hash = $1 AND s.expires_at > $2`,
        params: [hashOf(token), after(this.#clock(), 0)],
      },
    ]);
    return rows[0] ? sessionOf(rows[0]) : null;
  }

  /**
   * Moves the end of a session that is in use, at most once a day.
   * @returns the session with its new end, or null if nothing was to be moved
   */
  async refresh(token: string, { refreshedAt }: Session): Promise<Session | null> {
    const now = this.#clock();
    const age = now.getTime() - Date.parse(refreshedAt);
    // One refreshed in the future was so before the clock was set back, and would last too long.
    if (age < REFRESH_MS && age >= -SKEW_MS) return null;
    const [rows = []] = await this.#run([
      {
        sql: `UPDATE sessions s SET refreshed_at = $2, expires_at = $3 FROM users u
              WHERE s.hash = $1 AND s.expires_at > $2 AND u.id = s.user_id RETURNING ${SESSION_COLUMNS}`,
        params: [hashOf(token), after(now, 0), after(now, SESSION_MS)],
      },
    ]);
    return rows[0] ? sessionOf(rows[0]) : null;
  }

  /** Ends a session at once. One that is none is no error. */
  async end(token: string): Promise<void> {
    if (!isToken(token)) return;
    await this.#run([{ sql: 'DELETE FROM sessions WHERE hash = $1', params: [hashOf(token)] }]);
  }

  /** Ends all sessions of a user, and makes links useless that were not used yet. */
  async endAll(userId: UserId): Promise<void> {
    const now = after(this.#clock(), 0);
    await this.#run([
      { sql: 'UPDATE sign_in_links SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL', params: [userId, now] },
      { sql: 'DELETE FROM sessions WHERE user_id = $1', params: [userId] },
    ]);
  }

  #run(statements: readonly Statement[]): Promise<Row[][]> {
    return this.#database.transaction({ role: 'auth' }, statements);
  }
}

const MESSAGES = {
  used: 'This link was used before: it works once.',
  expired: 'This link is too old: it works for ten minutes.',
  unknown: 'This is no link of this Synap, or one of long ago.',
} as const;

function refused(reason: keyof typeof MESSAGES): SynapError {
  return new SynapError('SIGN_IN_LINK_INVALID', `${MESSAGES[reason]} "synap sign-in" prints a new one.`, {
    details: { reason },
  });
}

/** Whether this could be a token at all: one that could not is looked up nowhere. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

const newToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url');

/** The token itself is hashed, not the bytes it spells: base64url has several spellings of some. */
const hashOf = (token: string): Uint8Array => hash('sha256', token, 'buffer');

function after(now: Date, milliseconds: number): Timestamp {
  return new Date(now.getTime() + milliseconds).toISOString() as Timestamp;
}

/** What the browser says of itself, by which a person tells sessions apart; nothing depends on it. */
function userAgentOf(header: string | null | undefined): string | null {
  return header ? header.replaceAll('\0', '').slice(0, USER_AGENT_CHARACTERS).toWellFormed() : null;
}

function sessionOf(row: Row): Session {
  return {
    account: accountOf(row.account as Row),
    createdAt: time(row.created_at),
    refreshedAt: time(row.refreshed_at),
    expiresAt: time(row.expires_at),
  };
}
