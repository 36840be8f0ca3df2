import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId } from '@synap/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, type TestServerOptions, testServer } from './server.ts';

const ORIGIN = 'http://localhost';
const DAY = 24 * 60 * 60_000;
const opened: TestServer[] = [];
let server: TestServer;
let owner: UserId;

async function open(options: TestServerOptions = {}): Promise<TestServer> {
  const own = await testServer(options);
  opened.push(own);
  return own;
}

beforeAll(async () => {
  server = await open({ browsers: { loopbackOnly: true } });
  owner = (await server.accounts.createOwner('Ada')).userId;
});
afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
});

const at = (own: TestServer, path: string, init: RequestInit = {}) => own.app.app.request(`${ORIGIN}${path}`, init);

async function signIn(own: TestServer, token: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return at(own, '/api/session', { method: 'POST', body: JSON.stringify({ token }), headers });
}

/** The cookie of a fresh session, as a browser sends it back. */
async function cookieOf(own: TestServer, userId: UserId): Promise<string> {
  const response = await signIn(own, (await own.sessions.createLink(userId)).token);
  expect(response.status).toBe(200);
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

const codeOf = async (response: Response): Promise<unknown> => {
  const { error } = (await response.json()) as { error: { code: string; data?: { reason: string } } };
  return error.data?.reason ?? error.code;
};

const createNote = { method: 'POST', body: '{"content":"written in a browser"}' };
const ownPage = { origin: ORIGIN, 'content-type': 'application/json' };

describe('signing in', () => {
  it('gives a cookie that no script sees, and says who that is', async () => {
    const link = await server.sessions.createLink(owner);
    const response = await signIn(server, link.token, ownPage);
    const info = (await response.json()) as { expiresAt: string };
    expect(info).toEqual({ user: { id: owner, name: 'Ada', role: 'owner' }, expiresAt: expect.any(String) as string });
    expect(Math.abs(Date.parse(info.expiresAt) - Date.now() - 7 * DAY)).toBeLessThan(60_000);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const [cookie, ...more] = response.headers.getSetCookie();
    expect(more).toEqual([]);
    expect(cookie?.split('; ')).toEqual([
      expect.stringMatching(/^synap_session=[\w-]{43}$/),
      'Max-Age=604800',
      'Path=/',
      'HttpOnly',
      'SameSite=Lax',
    ]);
    expect(JSON.stringify(info)).not.toContain(cookie?.slice(14, 57));

    const headers = { cookie: String(cookie?.split(';')[0]) };
    expect(await (await at(server, '/api/session', { headers })).json()).toEqual(info);
  });

  it('works once, and says why it does not', async () => {
    const { token } = await server.sessions.createLink(owner);
    expect((await signIn(server, token)).status).toBe(200);
    const again = await signIn(server, token);
    expect(again.status).toBe(401);
    expect(again.headers.getSetCookie()).toEqual([]);
    expect(await again.json()).toEqual({
      error: {
        code: 'SIGN_IN_LINK_INVALID',
        reason: 'used',
        message: expect.stringContaining('used before') as string,
      },
    });
  });

  it('asks for Secure where the page is served over HTTPS', async () => {
    const own = await open({ browsers: { publicUrl: 'https://notes.example.com' } });
    const { userId } = await own.accounts.createUser({ name: 'Bob' });
    const response = await signIn(own, (await own.sessions.createLink(userId)).token);
    expect(response.headers.getSetCookie()[0]).toMatch(/; Secure(;|$)/);
  });

  it('ends the session that this browser had', async () => {
    const former = await cookieOf(server, owner);
    const link = await server.sessions.createLink(owner);
    expect((await signIn(server, link.token, { cookie: former, ...ownPage })).status).toBe(200);
    expect((await at(server, '/api/session', { headers: { cookie: former } })).status).toBe(401);
  });

  it.each([
    ['no JSON', 'token', 400, 'VALIDATION_FAILED'],
    ['no token', '{}', 400, 'VALIDATION_FAILED'],
    ['a token that is no text', '{"token":["x"]}', 400, 'VALIDATION_FAILED'],
    ['no UTF-8', new Uint8Array([0xff, 0xfe]), 400, 'INVALID_UTF8'],
    ['too much', JSON.stringify({ token: 'x'.repeat(5_000) }), 413, 'BODY_TOO_LARGE'],
  ])('refuses %s', async (_name, body, status, code) => {
    const response = await at(server, '/api/session', { method: 'POST', body: body as string });
    expect(response.status).toBe(status);
    expect(await codeOf(response)).toBe(code);
  });

  it('puts off who sends what can be no token, also at the same time, and keeps nobody else from signing in', async () => {
    const own = await open({ browsers: { addressOf: (context) => context.req.header('x-test-address') ?? '' } });
    const { userId } = await own.accounts.createUser({ name: 'Bob' });
    const guesses = await Promise.all(
      Array.from({ length: 50 }, () => signIn(own, 'A'.repeat(42), { 'x-test-address': 'mallory' })),
    );
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(20);
    const late = guesses.filter(({ status }) => status === 429);
    expect(late).toHaveLength(30);
    const wait = Number(late[0]?.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(await codeOf(late[0] as Response)).toBe('TOO_MANY_ATTEMPTS');

    expect((await signIn(own, 'short', { 'x-test-address': 'bob' })).status).toBe(401);
    // Behind a proxy everybody has the same address.
    const { token } = await own.sessions.createLink(userId);
    expect((await signIn(own, token, { 'x-test-address': 'mallory' })).status).toBe(200);
  });

  it('looks up whatever could be a token, however many of them were none', async () => {
    const own = await open();
    const { userId } = await own.accounts.createUser({ name: 'Bob' });
    const guesses = await Promise.all(Array.from({ length: 30 }, () => signIn(own, 'A'.repeat(43))));
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([401]));
    await cookieOf(own, userId);
  });

  it('does not count what succeeds', async () => {
    const own = await open();
    const { userId } = await own.accounts.createUser({ name: 'Bob' });
    for (let time = 0; time < 25; time++) await cookieOf(own, userId);
  });
});

describe('a cookie', () => {
  it('opens every route, to read and to write', async () => {
    const headers = { ...ownPage, cookie: await cookieOf(server, owner) };
    const created = await at(server, '/trpc/notes.create', { ...createNote, headers });
    expect(created.status).toBe(200);
    const { result } = (await created.json()) as { result: { data: { entityId: string } } };
    const content = await at(server, `/api/v1/entities/${result.data.entityId}/content`, { headers });
    expect(await content.text()).toBe('written in a browser');
    expect((await at(server, '/trpc/entities.list', { headers })).status).toBe(200);
  });

  it('administers for the owner alone', async () => {
    const { userId } = await server.accounts.createUser({ name: 'Bob' });
    const keys = async (user: UserId) =>
      at(server, '/trpc/keys.list', { headers: { cookie: await cookieOf(server, user) } });
    expect((await keys(owner)).status).toBe(200);
    const refused = await keys(userId);
    expect(refused.status).toBe(403);
    expect(await codeOf(refused)).toBe('INSUFFICIENT_SCOPE');
  });

  it('is nothing beside a key, good or not', async () => {
    const cookie = await cookieOf(server, owner);
    const { userId, key } = await server.client();
    const info = await at(server, '/trpc/entities.list', { headers: { cookie, authorization: 'Bearer wrong' } });
    expect(info.status).toBe(401);
    server.log.length = 0;
    // With a key it is no browser's doing, wherever it comes from.
    const headers = {
      cookie,
      authorization: `Bearer ${key}`,
      origin: 'https://evil.example',
      'content-type': 'application/json',
    };
    expect((await at(server, '/trpc/notes.create', { ...createNote, headers })).status).toBe(200);
    expect(server.log.at(-1)?.fields.userId).toBe(userId);
    expect((await at(server, '/api/session', { headers })).status).toBe(401);
  });

  it('ends by signing out, at once, and only with a request of our page', async () => {
    const cookie = await cookieOf(server, owner);
    const session = () => at(server, '/api/session', { headers: { cookie } });
    const signOut = (headers: Record<string, string>) =>
      at(server, '/api/session', { method: 'DELETE', headers: { cookie, ...headers } });
    expect((await session()).status).toBe(200);
    expect((await signOut({})).status).toBe(403);
    expect((await session()).status).toBe(200);
    const done = await signOut({ origin: ORIGIN });
    expect(done.status).toBe(204);
    expect(done.headers.getSetCookie()).toEqual(['synap_session=; Max-Age=0; Path=/']);
    expect((await session()).status).toBe(401);
    expect((await signOut({ origin: ORIGIN })).status).toBe(204);
    expect((await at(server, '/api/session', { method: 'DELETE' })).status).toBe(204);
  });

  it('ends everywhere at once if its user says so, with whatever they have', async () => {
    const { userId, key } = await server.client();
    const status = async (cookie: string) => (await at(server, '/api/session', { headers: { cookie } })).status;
    const all = async (headers: Record<string, string>) =>
      (await at(server, '/api/session?all=true', { method: 'DELETE', headers })).status;
    const others = await cookieOf(server, owner);
    for (const credential of ['cookie', 'key']) {
      const [one, two] = [await cookieOf(server, userId), await cookieOf(server, userId)];
      const link = await server.sessions.createLink(userId);
      expect([await status(one), await status(two)]).toEqual([200, 200]);
      expect(await all({ cookie: one })).toBe(403);
      expect(await all({})).toBe(401);
      expect(await all(credential === 'key' ? { authorization: `Bearer ${key}` } : { cookie: one, ...ownPage })).toBe(
        204,
      );
      expect([await status(one), await status(two)]).toEqual([401, 401]);
      expect((await signIn(server, link.token)).status).toBe(401);
    }
    expect(await status(others)).toBe(200);
  });

  it('ends soon in this process when another one ends it', async () => {
    const own = await open({ authenticator: { rememberMs: 30 } });
    const { userId } = await own.accounts.createUser({ name: 'Bob' });
    const cookie = await cookieOf(own, userId);
    const status = async () => (await at(own, '/api/session', { headers: { cookie } })).status;
    expect(await status()).toBe(200);
    await own.sessions.end(cookie.split('=')[1] ?? '');
    await sleep(31);
    expect(await status()).toBe(401);
  });

  it('is renewed once a day', async () => {
    let now = Date.now();
    const own = await open({ clock: () => new Date(now), authenticator: { rememberMs: 0 } });
    const { userId } = await own.accounts.createUser({ name: 'Bob' });
    const cookie = await cookieOf(own, userId);
    const list = async () => (await at(own, '/trpc/entities.list', { headers: { cookie } })).headers.getSetCookie();
    expect(await list()).toEqual([]);
    now += DAY;
    expect(await list()).toEqual([`${cookie}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax`]);
    expect(await list()).toEqual([]);
  });

  it('still opens where it cannot be renewed', async () => {
    let now = Date.now();
    const own = await open({
      clock: () => new Date(now),
      authenticator: { rememberMs: 0 },
      wrapDatabase: (database) => ({
        kind: database.kind,
        call: (statement) => database.call(statement),
        script: (sql) => database.script(sql),
        close: () => database.close(),
        tryLock: (name) => database.tryLock(name),
        transaction: (context, statements) =>
          statements.some(({ sql }) => sql.startsWith('UPDATE sessions'))
            ? Promise.reject(new Error('no room'))
            : database.transaction(context, statements),
      }),
    });
    const { userId } = await own.accounts.createUser({ name: 'Bob' });
    const cookie = await cookieOf(own, userId);
    now += 2 * DAY;
    expect((await at(own, '/api/session', { headers: { cookie } })).status).toBe(200);
    expect(own.log.find(({ level }) => level === 'warn')?.message).toBe('a session could not be refreshed');
  });

  const good = 'A'.repeat(43);
  it.each([
    ['none', ''],
    ['of another name', `session=${good}`],
    ['of a longer name', `synap_session2=${good}`],
    ['in other letters', `SYNAP_SESSION=${good}`],
    ['empty', 'synap_session='],
    ['guessed', `synap_session=${good}`],
    ['quoted', `synap_session="${good}"`],
    ['of no base64', 'synap_session=%00%ff!!'],
    ['very long', `synap_session=${'A'.repeat(200_000)}`],
    ['one of very many', `${'a=b; '.repeat(20_000)}synap_session=${good}`],
    ['only separators', ';=;;==;'],
  ])('that is %s is nobody', async (_name, cookie) => {
    const response = await at(server, '/trpc/entities.list', { headers: { cookie } });
    expect(response.status).toBe(401);
    expect(await codeOf(response)).toBe('UNAUTHENTICATED');
  });

  it('counts once, wherever it stands and however often it is the same', async () => {
    const cookie = await cookieOf(server, owner);
    const status = async (cookies: string) =>
      (await at(server, '/api/session', { headers: { cookie: cookies } })).status;
    expect(await status(`a=b; ${cookie}; c=d`)).toBe(200);
    expect(await status(`a=b;${cookie};${cookie}`)).toBe(200);
    expect(await status(`synap_session=${good}; ${cookie}`)).toBe(401);
    expect(await status(`${cookie}; synap_session=${good}`)).toBe(401);
    expect(await status(`${cookie}; ${await cookieOf(server, owner)}`)).toBe(401);
  });

  it('comes into no log, nor does a link', async () => {
    const { token } = await server.sessions.createLink(owner);
    const cookie = await cookieOf(server, owner);
    server.log.length = 0;
    await signIn(server, token);
    await signIn(server, token);
    await at(server, '/api/session', { headers: { cookie } });
    expect(server.log.map(({ fields }) => [fields.method, fields.path, fields.status])).toEqual([
      ['POST', '/api/session', 200],
      ['POST', '/api/session', 401],
      ['GET', '/api/session', 200],
    ]);
    expect(JSON.stringify(server.log)).not.toContain(token);
    expect(JSON.stringify(server.log)).not.toContain(cookie.split('=')[1]);
  });
});

describe('another site', () => {
  const evil = { origin: 'https://evil.example' };
  const cases: [string, Record<string, string>, boolean][] = [
    ['nothing that says where it comes from', {}, false],
    ['our origin', { origin: ORIGIN }, true],
    ['our origin, in other letters', { origin: 'HTTP://LOCALHOST' }, true],
    ['another origin', evil, false],
    ['another port of our host', { origin: `${ORIGIN}:8080` }, false],
    ['a host that begins like ours', { origin: `${ORIGIN}.evil.example` }, false],
    ['our host as a user of another', { origin: `http://localhost@evil.example` }, false],
    ['an origin that is none', { origin: 'null' }, false],
    ['an origin that is a file', { origin: 'file://' }, false],
    ['several origins', { origin: `${ORIGIN} https://evil.example` }, false],
    ['Sec-Fetch-Site: same-origin', { 'sec-fetch-site': 'same-origin' }, true],
    ['Sec-Fetch-Site: same-site, as another port is', { 'sec-fetch-site': 'same-site' }, false],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }, false],
    ['Sec-Fetch-Site: none', { 'sec-fetch-site': 'none' }, false],
    ['Sec-Fetch-Site against our origin', { 'sec-fetch-site': 'cross-site', origin: ORIGIN }, false],
    ['a forwarded host', { ...evil, 'x-forwarded-host': 'evil.example' }, false],
  ];

  it.each(cases)('writes with %s', async (_name, headers, allowed) => {
    const cookie = await cookieOf(server, owner);
    const json = { cookie, 'content-type': 'application/json', ...headers };
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const response = await at(server, '/trpc/notes.create', { ...createNote, method, headers: json });
      if (allowed) expect(response.status).not.toBe(403);
      else {
        expect(response.status).toBe(403);
        expect(await codeOf(response)).toBe('CROSS_ORIGIN');
      }
    }
  });

  it('does not read either, unless a person follows its link', async () => {
    const cookie = await cookieOf(server, owner);
    const get = async (headers: Record<string, string>) =>
      at(server, '/trpc/entities.list', { headers: { cookie, ...headers } });
    for (const site of ['same-site', 'cross-site']) {
      for (const mode of ['no-cors', 'cors', 'websocket']) {
        const response = await get({ 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': 'empty' });
        expect([response.status, await codeOf(response)]).toEqual([403, 'CROSS_ORIGIN']);
      }
      const framed = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' };
      expect((await get(framed)).status).toBe(403);
      expect((await get({ ...framed, 'sec-fetch-dest': 'document' })).status).toBe(200);
    }
    expect((await get({ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' })).status).toBe(200);
  });

  it('is told nothing that would let it read an answer', async () => {
    const cookie = await cookieOf(server, owner);
    const response = await at(server, '/trpc/entities.list', { headers: { cookie, ...evil } });
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    const asked = await at(server, '/trpc/notes.create', {
      method: 'OPTIONS',
      headers: { ...evil, 'access-control-request-method': 'POST' },
    });
    expect([...asked.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('signs nobody in as somebody else', async () => {
    const { token } = await server.sessions.createLink(owner);
    for (const headers of [
      evil,
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'null' },
    ]) {
      const response = await signIn(server, token, headers as Record<string, string>);
      expect([response.status, await codeOf(response)]).toEqual([403, 'CROSS_ORIGIN']);
    }
    expect((await signIn(server, token, { 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  it('is not our own under the name that a proxy serves us by', async () => {
    const own = await open({ browsers: { publicUrl: 'https://notes.example.com' } });
    const { userId } = await own.accounts.createUser({ name: 'Bob' });
    const cookie = await cookieOf(own, userId);
    const write = async (origin: string) => {
      const headers = { cookie, origin, 'content-type': 'application/json' };
      return (await at(own, '/trpc/notes.create', { ...createNote, headers })).status;
    };
    expect(await write('https://notes.example.com')).toBe(200);
    expect(await write('http://notes.example.com')).toBe(403);
    expect(await write('https://example.com')).toBe(403);
  });
});

describe('a host of another name, on loopback', () => {
  const to = (own: TestServer, host: string, path: string, init: RequestInit = {}) =>
    own.app.app.request(`http://${host}${path}`, init);

  it.each([
    'localhost',
    'localhost:3000',
    'notes.localhost',
    '127.0.0.1:3000',
    '127.8.9.1',
    '[::1]:3000',
    '[0:0:0:0:0:0:0:1]',
    '2130706433',
  ])('is not %s', async (host) => {
    expect((await to(server, host, '/api/session')).status).toBe(401);
  });

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost.',
    'notlocalhost',
    '192.168.1.5',
    '[::2]',
    '0.0.0.0',
  ])('is %s, and finds nothing but what needs no cookie', async (host) => {
    const cookie = await cookieOf(server, owner);
    for (const [path, init] of [
      ['/', {}],
      ['/api/session', { headers: { cookie } }],
      ['/api/session', { method: 'POST', body: '{}' }],
      ['/trpc/entities.list', { headers: { cookie } }],
    ] as const) {
      const response = await to(server, host, path, init);
      expect([response.status, await codeOf(response)]).toEqual([403, 'UNKNOWN_HOST']);
    }
    const { key } = await server.client();
    const headers = { authorization: `Bearer ${key}` };
    expect((await to(server, host, '/trpc/entities.list', { headers })).status).toBe(200);
    expect((await to(server, host, '/health')).status).toBe(200);
  });

  it('is known if it is configured, and any is beyond loopback', async () => {
    const proxied = await open({ browsers: { loopbackOnly: true, publicUrl: 'https://notes.example.com' } });
    expect((await to(proxied, 'notes.example.com', '/api/session')).status).toBe(401);
    expect((await to(proxied, 'evil.example', '/api/session')).status).toBe(403);
    const open_ = await open();
    expect((await to(open_, 'anything.example', '/api/session')).status).toBe(401);
  });
});
