import { setTimeout as sleep } from 'node:timers/promises';
import { checksumOf, type Entity, LIMITS, SynapError } from '@synap/types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, type Client, type TestServer, testServer } from './server.ts';

let server: TestServer;
let client: Client;
const opened: TestServer[] = [];

/** A server of one test's own, closed after it. */
async function open(options: Parameters<typeof testServer>[0]): Promise<TestServer> {
  const own = await testServer(options);
  opened.push(own);
  return own;
}

beforeAll(async () => {
  server = await testServer();
  client = await server.client();
});
afterEach(async () => {
  for (const own of opened.splice(0)) await own.close();
});
afterAll(() => server.close());

/** A body that comes in pieces and says no length; counts what was taken of it. */
function stream(mebibytes: number) {
  const taken = { bytes: 0, cancelled: false };
  const piece = new Uint8Array(1024 * 1024).fill(0x20);
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (taken.bytes >= mebibytes * piece.length) return controller.close();
        taken.bytes += piece.length;
        controller.enqueue(piece);
      },
      cancel() {
        taken.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return {
    taken,
    init: { method: 'POST', body, duplex: 'half' as const, headers: { 'content-type': 'application/json' } },
  };
}

describe('bodies', () => {
  it('that are too large are refused by what was read of them, and no further', async () => {
    const { taken, init } = stream(1_000);
    const answer = await answerOf(await client.fetch('/trpc/notes.create', init));
    expect(answer).toMatchObject({
      status: 413,
      error: {
        data: { code: 'PAYLOAD_TOO_LARGE', httpStatus: 413, reason: 'BODY_TOO_LARGE', limit: LIMITS.bodyBytes },
      },
    });
    expect(taken.bytes).toBe(LIMITS.bodyBytes + 1024 * 1024);
    expect(taken.cancelled).toBe(true);
  });

  it('that say they are too large are not read at all, and what a length says is not believed', async () => {
    const { taken, init } = stream(1);
    const headers = { ...init.headers, 'content-length': String(LIMITS.bodyBytes + 1) };
    expect((await client.fetch('/trpc/notes.create', { ...init, headers })).status).toBe(413);
    expect(taken.bytes).toBe(0);
    const lying = stream(65);
    const small = { ...lying.init.headers, 'content-length': '10' };
    expect((await client.fetch('/trpc/notes.create', { ...lying.init, headers: small })).status).toBe(413);
  });

  it('of nobody we know are not read', async () => {
    const { taken, init } = stream(1_000);
    const response = await server.app.app.request('/trpc/notes.create', init);
    expect(response.status).toBe(401);
    expect(taken.bytes).toBe(0);
  });

  it('that end too early are refused', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
    const init = { method: 'POST', body, duplex: 'half' as const, headers: { 'content-type': 'application/json' } };
    const answer = await answerOf(await client.fetch('/trpc/notes.create', init));
    expect(answer).toMatchObject({ status: 400, error: { data: { reason: 'VALIDATION_FAILED' } } });
  });
});

describe('raw content', () => {
  it('comes with headers that let a browser run nothing of it', async () => {
    const html = '<script>alert(1)</script>';
    const { id } = await client.note(html);
    const response = await client.fetch(`/api/v1/entities/${id}/content`);
    expect(await response.text()).toBe(html);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/markdown; charset=utf-8',
      'content-disposition': 'inline; filename=content.md',
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/) as string,
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
      'content-length': String(html.length),
      etag: `"${checksumOf(Buffer.from(html))}"`,
    });
  });

  it('is not sent again to who has it', async () => {
    const { id, checksum } = await client.note('cached');
    const headers = { 'if-none-match': `"x", "${checksum}"` };
    const response = await client.fetch(`/api/v1/entities/${id}/content`, { headers });
    expect(response.status).toBe(304);
    expect(await response.text()).toBe('');
    await client.do('entities.update', { id, content: 'changed' });
    expect((await client.fetch(`/api/v1/entities/${id}/content`, { headers })).status).toBe(200);
  });

  it.each(['?version=0', '?version=x', '?version=99999999999', '?at=yesterday', '?version=1&at=2026-01-01T00:00:00Z'])(
    'refuses %s',
    async (query) => {
      const { id } = await client.note('x');
      const response = await client.fetch(`/api/v1/entities/${id}/content${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: 'VALIDATION_FAILED' } });
    },
  );

  it('refuses an id that is none', async () => {
    const response = await client.fetch('/api/v1/entities/..%2f..%2fetc/content');
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: { code: 'INVALID_ID', message: expect.any(String) as string, what: 'entity' },
    });
  });
});

describe('every answer', () => {
  it('is JSON where there is nothing, and has the security headers', async () => {
    for (const path of ['/', '/nowhere', '/api/v1/nowhere', '/files/x']) {
      const response = await client.fetch(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({
        error: { code: 'NOT_FOUND', message: 'There is nothing at this address.' },
      });
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('x-frame-options')).toBe('SAMEORIGIN');
      expect(response.headers.get('x-request-id')).toMatch(/^[\w-]+$/);
    }
  });

  it('is one line in the log, without queries, bodies or keys', async () => {
    server.log.length = 0;
    await client.mutate('notes.create', { content: 'private words' });
    await client.query('entities.list', { tag: 'private' });
    await server.app.app.request('/nowhere?key=private');
    const lines = server.log.map(({ level, fields: { method, path, status, userId } }) => [
      level,
      method,
      path,
      status,
      userId,
    ]);
    expect(lines).toEqual([
      ['info', 'POST', '/trpc/notes.create', 200, client.userId],
      ['info', 'GET', '/trpc/entities.list', 200, client.userId],
      ['info', 'GET', '/nowhere', 404, undefined],
    ]);
    expect(JSON.stringify(server.log)).not.toMatch(/private|synap_/);
  });

  it('of the signed files is what the store’s handler says', async () => {
    const own = await open({ files: async (request) => new Response(new URL(request.url).search) });
    expect(await (await own.app.app.request('/files/a/b?signature=x')).text()).toBe('?signature=x');
    const refusing = await open({
      files: () => Promise.reject(new SynapError('UNAUTHENTICATED', 'This address has expired.')),
    });
    const response = await refusing.app.app.request('/files/a');
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
  });
});

describe('health', () => {
  it('is alive, and ready as long as the stores answer in time', async () => {
    const get = (own: TestServer, path: string) => own.app.app.request(path);
    expect((await get(server, '/health')).status).toBe(200);
    expect(await (await get(server, '/readyz')).json()).toEqual({ status: 'ready' });

    const broken = await open({ ready: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1:5432')) });
    const answer = await get(broken, '/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toMatch(/10\.0\.0\.1|ECONN/);
    expect((await get(broken, '/health')).status).toBe(200);

    const hanging = await open({ ready: () => new Promise(() => undefined), readyTimeoutMs: 20 });
    const late = await get(hanging, '/readyz');
    expect(late.status).toBe(503);
    expect(await late.json()).toMatchObject({ error: { code: 'DATABASE_UNAVAILABLE' } });
  });
});

describe('under load', () => {
  it('what is too much at once is put off, and what was let in is done', async () => {
    const own = await open({ maxInFlight: 5 });
    const user = await own.client();
    await user.get('tags.list');
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => user.mutate('notes.create', { content: `${n}` })),
    );
    const done = answers.filter((answer) => answer.status === 200);
    expect(done).toHaveLength(5);
    for (const { status, headers, error } of answers.filter((answer) => !done.includes(answer))) {
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('1');
      expect(error?.data).toEqual({ code: 'SERVICE_UNAVAILABLE', httpStatus: 503, reason: 'OVERLOADED' });
    }
    expect((await user.get<{ items: Entity[] }>('entities.list')).items).toHaveLength(5);
    expect((await own.app.app.request('/health')).status).toBe(200);
  });

  it('and while it stops, nobody new is let in and who is in may finish', async () => {
    const own = await open({});
    const user = await own.client();
    await user.get('tags.list');
    const underWay = user.mutate('notes.create', { content: 'last words' });
    own.app.drain();
    const response = await user.fetch('/trpc/tags.list');
    expect(response.status).toBe(503);
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.json()).toMatchObject({ error: { data: { reason: 'SHUTTING_DOWN' } } });
    expect((await own.app.app.request('/readyz')).status).toBe(503);
    expect((await own.app.app.request('/health')).status).toBe(200);
    expect((await underWay).status).toBe(200);
  });
});

describe('keys', () => {
  it('are asked for once in a while, and again at once if they were none', async () => {
    const asked: string[] = [];
    let valid = false;
    const own = await open({
      authenticate: async (key) => {
        asked.push(key);
        await sleep(1);
        return valid ? { userId: client.userId, scopes: ['read'] } : null;
      },
      authenticator: { rememberMs: 60_000, maxKeys: 2 },
    });
    const call = async (key: string) => {
      return (await own.app.app.request('/trpc/system.info', { headers: { authorization: `bearer ${key}` } })).status;
    };
    expect(await call('one')).toBe(401);
    valid = true;
    expect(await Promise.all([call('one'), call('one'), call('one')])).toEqual([200, 200, 200]);
    expect(await call('one')).toBe(200);
    expect(asked).toEqual(['one', 'one']);
    await call('two');
    await call('three');
    await call('one');
    expect(asked).toEqual(['one', 'one', 'two', 'three', 'one']);
  });

  it('are not remembered beyond their own end, nor when the question failed', async () => {
    let ends = 0;
    let fails = true;
    const own = await open({
      authenticate: () =>
        fails
          ? Promise.reject(new SynapError('DATABASE_UNAVAILABLE', 'The database does not answer.'))
          : Promise.resolve({
              userId: client.userId,
              scopes: ['read'],
              expiresAt: new Date(ends).toISOString() as Entity['createdAt'],
            }),
    });
    const call = () => own.app.app.request('/trpc/system.info', { headers: { authorization: 'Bearer x' } });
    const answer = await answerOf(await call());
    expect(answer).toMatchObject({ status: 503, error: { data: { reason: 'DATABASE_UNAVAILABLE' } } });
    fails = false;
    ends = Date.now() + 2_000;
    expect((await call()).status).toBe(200);
    await sleep(ends - Date.now() + 1);
    expect((await call()).status).toBe(401);
  });
});
