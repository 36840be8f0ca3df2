import { expect, it } from 'vitest';
import { Attempts } from '../src/http/attempts.ts';

const OURS = new Error('the database does not answer');

function setUp(limit: number, maxCallers?: number) {
  const clock = { now: 0 };
  const attempts = new Attempts({ limit, windowMs: 1_000, now: () => clock.now, ...(maxCallers && { maxCallers }) });
  const outcome = async (caller: string, work: () => Promise<unknown>) =>
    attempts
      .attempt(caller, work, (error) => error !== OURS)
      .then(
        () => 'done',
        (error: Error & { code?: string; details?: { retryAfter: number } }) =>
          error.details?.retryAfter ?? error.message,
      );
  return {
    clock,
    fail: (caller: string) => outcome(caller, () => Promise.reject(new Error('failed'))),
    succeed: (caller: string) => outcome(caller, () => Promise.resolve()),
    break: (caller: string) => outcome(caller, () => Promise.reject(OURS)),
  };
}

it('puts a caller off after too many failures, and says for how long', async () => {
  const { clock, fail, succeed } = setUp(2);
  expect([await fail('a'), await fail('a')]).toEqual(['failed', 'failed']);
  clock.now = 1;
  expect([await fail('a'), await succeed('a'), await succeed('b')]).toEqual([1, 1, 'done']);
  clock.now = 1_000;
  expect([await succeed('a'), await fail('a'), await fail('a'), await fail('a')]).toEqual([
    'done',
    'failed',
    'failed',
    1,
  ]);
});

it('does not count what succeeds, nor what is no fault of the caller', async () => {
  const own = setUp(1);
  for (let time = 0; time < 5; time++) {
    expect([await own.succeed('a'), await own.break('a')]).toEqual(['done', OURS.message]);
  }
  expect([await own.fail('a'), await own.fail('a')]).toEqual(['failed', 1]);
});

it('counts those that are under way', async () => {
  const { fail } = setUp(3);
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => fail('a')));
  expect(outcomes.filter((outcome) => outcome === 'failed')).toHaveLength(3);
});

it('forgets the callers it has known longest when there are too many', async () => {
  const { fail } = setUp(1, 2);
  for (const caller of ['a', 'b', 'c']) expect(await fail(caller)).toBe('failed');
  expect([await fail('c'), await fail('b'), await fail('a')]).toEqual([1, 1, 'failed']);
});
