import { ERROR_KINDS } from '@synap/types';
import { TRPCClientError } from '@trpc/client';
import { expect, it } from 'vitest';
import { createConnection } from '../src/api/connection.ts';
import { ApiError, apiErrorOf, explain } from '../src/api/errors.ts';

function answered(reason: string, data: Record<string, unknown> = {}): unknown {
  const shape = { message: 'What the server says.', code: -32600, data: { reason, ...data } };
  return TRPCClientError.from({ error: shape } as never);
}

it.each(Object.keys(ERROR_KINDS))('has a sentence for %s', (reason) => {
  expect(explain(answered(reason))).toMatchObject({ reason, text: expect.stringMatching(/^[A-Z“].*[.?]$/s) });
});

it('tells the version that there is', () => {
  expect(explain(answered('VERSION_CONFLICT', { actualVersion: 7 }))).toMatchObject({
    actualVersion: 7,
    retryable: false,
  });
});

it('takes no answer for a server that does not run, and for nothing else', () => {
  const lost = TRPCClientError.from(new TypeError('Failed to fetch'));
  expect(explain(lost)).toMatchObject({ reason: 'OFFLINE', retryable: true });
  expect(explain(new TypeError('Failed to fetch'))).toMatchObject({ reason: 'OFFLINE' });
  expect(explain(new TypeError('x is not a function'))).toMatchObject({ reason: 'INTERNAL' });
  expect(explain('thrown')).toMatchObject({ reason: 'INTERNAL' });
});

it('reads errors of the REST side, and those of a proxy', async () => {
  const ours = Response.json({ error: { code: 'CONTENT_TOO_LARGE', message: 'm' } }, { status: 413 });
  expect(await apiErrorOf(ours)).toMatchObject({ status: 413, reason: 'CONTENT_TOO_LARGE' });
  expect(await apiErrorOf(new Response('<html>', { status: 502 }))).toBeInstanceOf(ApiError);
});

it('asks a server that does not answer again, ever more seldom, until it does', async () => {
  const waits: number[] = [];
  const due: (() => void)[] = [];
  const answers = [false, 'throws', true] as const;
  let asked = 0;
  const connection = createConnection({
    probe: async () => {
      const answer = answers[asked++];
      if (answer === 'throws') throw new TypeError('Failed to fetch');
      return answer === true;
    },
    wait: (milliseconds, then) => {
      waits.push(milliseconds);
      due.push(then);
    },
  });
  const seen: boolean[] = [];
  connection.subscribe(() => seen.push(connection.online));
  connection.report(false);
  connection.report(false);
  for (let n = 0; n < 3; n++) {
    due.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(waits).toEqual([1_000, 2_000, 4_000]);
  expect(seen).toEqual([false, true]);
  expect(due).toEqual([]);
});
