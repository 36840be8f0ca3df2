import { hash } from 'node:crypto';
import type { UserId } from '@synap/types';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AccountRepository, type Session, SessionRepository } from '../src/index.ts';
import { failure, useLibrary } from './support/library.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Date.parse('2030-01-01T12:00:00.000Z');

const library = useLibrary();
let userId: UserId;
let now: number;
let sessions: SessionRepository;

beforeAll(async () => {
  userId = (await new AccountRepository(library.database).createUser({ name: 'Ada' })).userId;
});
beforeEach(async () => {
  now = START;
  sessions = new SessionRepository(library.database, () => new Date(now));
  await asAuth('DELETE FROM sessions');
  await asAuth('DELETE FROM sign_in_links');
});

async function asAuth(sql: string) {
  const [rows = []] = await library.database.transaction({ role: 'auth' }, [{ sql }]);
  return rows;
}

async function signedIn(): Promise<{ token: string; session: Session }> {
  return sessions.signIn((await sessions.createLink(userId)).token);
}

const refusal = (reason: string) => ({ code: 'SIGN_IN_LINK_INVALID', details: { reason } });

describe('a link', () => {
  it('begins a session of its user', async () => {
    const link = await sessions.createLink(userId);
    expect(link).toEqual({
      token: expect.stringMatching(/^[\w-]{43}$/) as string,
      expiresAt: new Date(START + 10 * MINUTE).toISOString(),
    });
    const { token, session, expiresAt } = await sessions.signIn(link.token, 'Firefox');
    expect(token).not.toBe(link.token);
    expect(session).toEqual({
      account: expect.objectContaining({ userId, name: 'Ada', role: 'user' }) as Session['account'],
      createdAt: new Date(START).toISOString(),
      refreshedAt: new Date(START).toISOString(),
      expiresAt: new Date(START + 7 * DAY).toISOString(),
    });
    expect(expiresAt).toBe(session.expiresAt);
    expect(await sessions.find(token)).toEqual(session);
    expect(await asAuth('SELECT user_agent FROM sessions')).toEqual([{ user_agent: 'Firefox' }]);
  });

  it('gives one session to however many use it at once', async () => {
    const { token } = await sessions.createLink(userId);
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => sessions.signIn(token)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(refusal('used'));
    }
    expect(await asAuth('SELECT FROM sessions')).toHaveLength(1);
  });

  it('works once, and then says that it was used, even when it is too old as well', async () => {
    const { token } = await sessions.createLink(userId);
    await sessions.signIn(token);
    expect(await failure(sessions.signIn(token))).toMatchObject(refusal('used'));
    now += 20 * MINUTE;
    expect(await failure(sessions.signIn(token))).toMatchObject(refusal('used'));
  });

  it('works for ten minutes, to the millisecond', async () => {
    const [early, late] = [await sessions.createLink(userId), await sessions.createLink(userId)];
    now += 10 * MINUTE - 1;
    await sessions.signIn(early.token);
    now += 1;
    expect(await failure(sessions.signIn(late.token))).toMatchObject(refusal('expired'));
    expect(await asAuth('SELECT FROM sessions')).toHaveLength(1);
  });

  it('does not get another ten minutes from a clock that is set back', async () => {
    const { token } = await sessions.createLink(userId);
    now -= 60 * MINUTE;
    expect(await failure(sessions.signIn(token))).toMatchObject(refusal('expired'));
    // Clocks of two servers are never quite the same.
    now = START - MINUTE / 2;
    await sessions.signIn(token);
  });

  it.each([
    '',
    'x',
    'A'.repeat(42),
    'A'.repeat(43),
    'A'.repeat(44),
    'A'.repeat(1_000_000),
    `${'A'.repeat(42)}+`,
    `${'A'.repeat(42)}\0`,
    `${'A'.repeat(42)}\ud800`,
    "' OR true --",
  ])('is not guessed (case %#)', async (guess) => {
    await sessions.createLink(userId);
    expect(await failure(sessions.signIn(guess))).toMatchObject(refusal('unknown'));
    expect(await sessions.find(guess)).toBeNull();
    await sessions.end(guess);
  });

  it('has one spelling: another one of the same bytes is another token', async () => {
    const { token } = await sessions.createLink(userId);
    const bytes = Buffer.from(token, 'base64url');
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('');
    const others = last
      .map((letter) => token.slice(0, -1) + letter)
      .filter((other) => other !== token && Buffer.from(other, 'base64url').equals(bytes));
    expect(others).toHaveLength(3);
    for (const other of others) expect(await failure(sessions.signIn(other))).toMatchObject(refusal('unknown'));
    await sessions.signIn(token);
  });

  it('does not outlive its user', async () => {
    const accounts = new AccountRepository(library.database);
    const other = await accounts.createUser({ name: 'Bob' });
    const { token } = await sessions.signIn((await sessions.createLink(other.userId)).token);
    const link = await sessions.createLink(other.userId);
    await asAuth(`DELETE FROM users WHERE id = '${other.userId}'`);
    expect(await sessions.find(token)).toBeNull();
    expect(await failure(sessions.signIn(link.token))).toMatchObject(refusal('unknown'));
  });

  it('takes what a browser says of itself as a value, however long', async () => {
    await sessions.signIn(
      (await sessions.createLink(userId)).token,
      `'); DROP TABLE sessions; --\0\ud800${'x'.repeat(9_999)}`,
    );
    const [row] = await asAuth('SELECT user_agent FROM sessions');
    expect(row?.user_agent).toMatch(/^'\); DROP TABLE sessions; --\ufffdx+$/);
    expect(String(row?.user_agent)).toHaveLength(200);
  });
});

describe('a session', () => {
  it('ends after seven days in which nobody comes, to the millisecond', async () => {
    const { token } = await signedIn();
    now += 7 * DAY - 1;
    expect(await sessions.find(token)).not.toBeNull();
    now += 1;
    expect(await sessions.find(token)).toBeNull();
  });

  it('is moved on once a day, and not more often', async () => {
    const { token, session } = await signedIn();
    now += DAY - 1;
    expect(await sessions.refresh(token, session)).toBeNull();
    now += 1;
    const moved = await sessions.refresh(token, session);
    expect(moved).toMatchObject({
      refreshedAt: new Date(START + DAY).toISOString(),
      expiresAt: new Date(START + 8 * DAY).toISOString(),
    });
    expect(await sessions.find(token)).toEqual(moved);
  });

  it('is not brought back by being moved', async () => {
    const { token, session } = await signedIn();
    now += 8 * DAY;
    expect(await sessions.refresh(token, session)).toBeNull();
    now = START + DAY;
    await sessions.end(token);
    expect(await sessions.refresh(token, session)).toBeNull();
    expect(await sessions.find(token)).toBeNull();
  });

  it('lasts no longer than seven days from when the clock is set back', async () => {
    now = START + 365 * DAY;
    const { token } = await signedIn();
    now = START;
    const found = await sessions.find(token);
    expect(found).not.toBeNull();
    expect(await sessions.refresh(token, found as Session)).toMatchObject({
      expiresAt: new Date(START + 7 * DAY).toISOString(),
    });
  });

  it('ends at once for whoever else has its token, and only that one', async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    await sessions.end(one.token);
    await sessions.end(one.token);
    expect(await sessions.find(one.token)).toBeNull();
    expect(await sessions.find(other.token)).not.toBeNull();
  });

  it('is not what a link is, nor the other way round', async () => {
    const { token } = await signedIn();
    const link = await sessions.createLink(userId);
    expect(await sessions.find(link.token)).toBeNull();
    expect(await failure(sessions.signIn(token))).toMatchObject(refusal('unknown'));
  });

  it('goes on after a restart', async () => {
    const { token, session } = await signedIn();
    await library.reopen();
    expect(await new SessionRepository(library.database, () => new Date(now)).find(token)).toEqual(session);
  });
});

describe('what is stored', () => {
  it('is hashes, by which nobody signs in', async () => {
    const link = await sessions.createLink(userId);
    const { token } = await sessions.signIn(link.token);
    const stored = JSON.stringify([
      await asAuth('SELECT *, hash::text AS spelled FROM sign_in_links'),
      await asAuth('SELECT *, hash::text AS spelled FROM sessions'),
    ]);
    for (const secret of [link.token, token]) {
      expect(stored).not.toContain(secret);
      expect(stored).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
      expect(stored).toContain(hash('sha256', secret, 'hex'));
    }
  });

  it('is removed when it is over', async () => {
    await signedIn();
    await sessions.createLink(userId);
    now += 8 * DAY;
    await signedIn();
    expect(await asAuth('SELECT FROM sign_in_links')).toHaveLength(1);
    expect(await asAuth('SELECT FROM sessions')).toHaveLength(1);
  });
});
