import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase } from '@synap/database/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { jsonLines, type Result, run, type Server, startServer, temporaryFolder } from './cli-driver.ts';

// A server's first start makes a database; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let library: TestDatabase;
let env: Record<string, string>;
let server: Server;

function synap(args: readonly string[], input?: string | Uint8Array): Promise<Result> {
  return run([...args, '--data', library.folder], { env, ...(input !== undefined && { input }) });
}

/** The one JSON document of a command that worked. */
async function json(args: readonly string[], input?: string | Uint8Array): Promise<Record<string, unknown>> {
  const result = await synap([...args, '--json'], input);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  const [document, ...more] = jsonLines(result);
  expect(more).toEqual([]);
  return document ?? {};
}

beforeAll(async () => {
  library = await testDatabase();
  await library.database.close();
  env = library.url === undefined ? {} : { DATABASE_URL: library.url };
  server = await startServer(library.folder, { env });
});

afterAll(async () => {
  server?.kill('SIGKILL');
  await server?.ended;
  await library?.close();
});

describe('start', () => {
  it('says on stdout who the owner is and that it is ready, and nothing else', () => {
    expect(server.lines).toEqual([
      { event: 'owner-created', userId: expect.any(String), apiKey: expect.stringMatching(/^synap_[\w-]{43}$/) },
      {
        event: 'ready',
        url: server.url,
        pid: server.pid,
        database: library.url === undefined ? 'pglite' : 'postgres',
        events: 'partitions',
        storage: 'fs',
        jobs: 'embedded',
        signInUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/sign-in#[\w-]{43}$/),
      },
    ]);
  });

  it('keeps secrets for the owner of the folder alone, and out of the log', async () => {
    const key = String(server.lines[0]?.apiKey);
    expect((await readFile(join(library.folder, 'owner-key'), 'utf8')).trim()).toBe(key);
    for (const name of ['owner-key', 'secret']) {
      expect((await stat(join(library.folder, name))).mode & 0o777).toBe(0o600);
    }
    expect(server.stderr()).not.toContain(key);
  });

  it('prints a link that signs the owner in, once, and logs nothing of it', async () => {
    const printed = new URL(String(server.lines.at(-1)?.signInUrl));
    const fresh = await json(['sign-in']);
    const cookies: string[] = [];
    expect(fresh).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/sign-in#[\w-]{43}$/) as string,
      expiresAt: expect.any(String) as string,
    });
    for (const { origin, hash } of [printed, new URL(String(fresh.url))]) {
      const token = hash.slice(1);
      expect(origin).toBe(server.url);
      const signIn = () => fetch(`${origin}/api/session`, { method: 'POST', body: JSON.stringify({ token }) });
      const [first, second] = [await signIn(), await signIn()];
      expect([first.status, second.status]).toEqual([200, 401]);
      expect(await first.json()).toMatchObject({ user: { name: 'owner', role: 'owner' } });
      const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      expect((await fetch(`${server.url}/trpc/tags.list`, { headers: { cookie } })).status).toBe(200);
      // Maintenance of everybody's library takes a key.
      const doctor = await fetch(`${server.url}/api/v1/admin/doctor`, {
        method: 'POST',
        headers: { cookie, origin: server.url },
      });
      expect(doctor.status).toBe(401);
      expect(server.stderr()).not.toContain(token);
      expect(server.stderr()).not.toContain(cookie.split('=')[1]);
      cookies.push(cookie);
    }
    expect(await json(['sign-out'])).toEqual({ success: true });
    for (const cookie of cookies) {
      expect((await fetch(`${server.url}/api/session`, { headers: { cookie } })).status).toBe(401);
    }
  });

  it('prints a link to nobody who has no key of the owner for it', async () => {
    const { key } = await json(['keys', 'create', 'reader', '--scope', 'read']);
    const result = await run(['sign-in', '--json', '--data', library.folder], {
      env: { SYNAP_URL: server.url, SYNAP_API_KEY: String(key) },
    });
    expect(result).toMatchObject({
      code: 1,
      stdout: Buffer.alloc(0),
      stderr: expect.stringContaining('admin') as string,
    });
    const none = await run(['sign-in', '--data', '/nowhere'], { env: { SYNAP_URL: server.url } });
    expect(none).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
  });

  it('does not serve its page under a name that somebody made lead here', async () => {
    const { port } = new URL(server.url);
    const status = await new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port, headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on('error', reject);
      call.end();
    });
    expect(status).toBe(403);
  });

  it('serves a page that runs nothing and tells no secret', async () => {
    const response = await fetch(server.url);
    const text = await response.text();
    expect(response.status).toBe(200);
    // Built or not: nothing inline but the one style whose hash is known.
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; (style-src 'sha256-[\w+/=]{44}'|script-src 'self'; style-src 'self');/,
    );
    expect(text).not.toContain(String(server.lines[0]?.apiKey));
    expect(text).not.toMatch(/<script(?![^>]* src=)/);
  });

  it('is alive and ready', async () => {
    for (const path of ['/health', '/readyz']) expect((await fetch(server.url + path)).status).toBe(200);
  });

  it('serves no file without a signature', async () => {
    const response = await fetch(`${server.url}/files/users/x/notes/y.md`);
    expect(response.status).toBe(401);
  });

  it('refuses a port in use with one line', async () => {
    const folder = await temporaryFolder();
    const result = await run(['start', '--port', new URL(server.url).port, '--data', folder.path]);
    await folder.remove();
    expect(result.code).toBe(1);
    expect(result.stdout.toString()).not.toContain('ready');
    expect(result.stderr.split('\n').filter((line) => line.startsWith('synap: '))).toEqual([
      expect.stringContaining('is in use'),
    ]);
  });

  const refused: readonly (readonly [string, Record<string, string>, readonly string[], number, string])[] = [
    ['a wrong variable', { LOG_LEVEL: 'loud' }, [], 2, 'LOG_LEVEL must'],
    ['half a group', { INNGEST_EVENT_KEY: 'key' }, [], 2, 'INNGEST_SIGNING_KEY is missing'],
    ['a wrong option', {}, ['--port', 'http'], 2, 'PORT must'],
    ['listening to the world without a secret', {}, ['--host', '0.0.0.0'], 2, 'BETTER_AUTH_SECRET is missing'],
    ['an address of another machine', { BETTER_AUTH_SECRET: 's'.repeat(32) }, ['--host', '192.0.2.1'], 2, 'no address'],
    ['a folder that cannot be', {}, ['--data', '/dev/null/synap'], 2, 'data folder'],
    ['a database that is not there', { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' }, [], 3, 'database'],
  ];
  for (const [what, extra, args, code, message] of refused) {
    it(`refuses ${what} with exit code ${code}, in one line`, async () => {
      const folder = await temporaryFolder();
      const result = await run(['start', '--data', folder.path, ...args, '--json'], { env: extra });
      await folder.remove();
      expect(result).toMatchObject({ code, stdout: Buffer.alloc(0) });
      expect(result.stderr).toMatch(/^synap: [^\n]*\n$/);
      expect(result.stderr).toContain(message);
    });
  }

  it('reads a .env file in the folder it is called from, and lets the environment win', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder.path, '.env'), 'LOG_LEVEL=loud\n');
    const fromFile = await run(['start', '--json'], { cwd: folder.path });
    expect(fromFile.stderr).toContain('LOG_LEVEL must');
    const fromEnvironment = await run(['start', '--json'], { cwd: folder.path, env: { LOG_LEVEL: 'info', PORT: 'x' } });
    expect(fromEnvironment.stderr).not.toContain('LOG_LEVEL must');
    await folder.remove();
  });
});

describe('the daily commands', () => {
  it('keep words, and give them back byte for byte', async () => {
    const kept = await json(['capture', 'Buy', 'seeds', '--title', 'Garden', '--tag', 'a', '--tag', 'b']);
    expect(kept).toMatchObject({ type: 'note', title: 'Garden', tags: ['a', 'b'], version: 1 });
    const content = await synap(['get', String(kept.id), '--content']);
    expect(content).toMatchObject({ code: 0, stderr: '', stdout: Buffer.from('Buy seeds') });
  });

  it('keep what comes in on stdin as it is, to the last byte', async () => {
    const bytes = Buffer.from(`\uFEFFfirst\r\n\n\tζ 🌱 ${randomBytes(100_000).toString('base64')}\n`);
    for (const args of [['capture'], ['capture', '-']]) {
      const { id } = await json(args, bytes);
      const content = await synap(['get', String(id), '--content']);
      expect(content.stdout.equals(bytes)).toBe(true);
    }
  });

  it('refuse what is no text, and keep nothing of it', async () => {
    const result = await synap(['capture', '--json'], Buffer.from([0x61, 0xff]));
    expect(result).toMatchObject({ code: 1, stdout: Buffer.alloc(0) });
    expect(result.stderr).toContain('not UTF-8');
  });

  it('keep other types, list them and show their history', async () => {
    const { id } = await json(['capture', 'call', 'home', '--type', 'task']);
    const listed = jsonLines(await synap(['list', '--type', 'task', '--json']));
    expect(listed).toEqual([expect.objectContaining({ id, type: 'task' })]);
    const history = jsonLines(await synap(['history', String(id), '--json']));
    expect(history).toEqual([expect.objectContaining({ version: 1, eventType: 'entity.created' })]);
    expect(await json(['get', String(id), '--version', '1'])).toMatchObject({ id, version: 1 });
    expect((await synap(['get', String(id), '--at', '2001-01-01'])).code).toBe(1);
  });

  it('make, list and revoke keys', async () => {
    const { id, key } = await json(['keys', 'create', 'phone', '--scope', 'read']);
    const keyed = (args: readonly string[]) =>
      run(args, { env: { SYNAP_URL: server.url, SYNAP_API_KEY: String(key) } });
    expect((await keyed(['list'])).code).toBe(0);
    expect(await keyed(['capture', 'x'])).toMatchObject({ code: 1, stderr: expect.stringContaining('scope') });
    expect(jsonLines(await synap(['keys', 'list', '--json']))).toContainEqual(
      expect.objectContaining({ id, revokedAt: null }),
    );
    expect(await json(['keys', 'revoke', String(id)])).toEqual({ success: true });
    expect(await keyed(['list'])).toMatchObject({ code: 2, stderr: expect.stringContaining('SYNAP_API_KEY') });
  });

  it('never send the key of the data folder to an address of SYNAP_URL', async () => {
    const result = await run(['list', '--data', library.folder], { env: { SYNAP_URL: `${server.url}/` } });
    expect(result.code).toBe(0);
    const elsewhere = server.url.replace('127.0.0.1', 'localhost');
    const refused = await run(['list', '--data', library.folder], { env: { SYNAP_URL: elsewhere } });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('wants an API key') });
  });

  it('end with 3 where no server is, and say how to start one', async () => {
    const folder = await temporaryFolder();
    for (const args of [['list'], ['capture', 'x'], ['get', crypto.randomUUID(), '--content'], ['keys', 'list']]) {
      const result = await run([...args, '--data', folder.path, '--json'], {
        env: { SYNAP_URL: 'http://127.0.0.1:9' },
      });
      expect(result).toMatchObject({ code: 3, stdout: Buffer.alloc(0), stderr: expect.stringContaining('pnpm start') });
    }
    await folder.remove();
  });
});

describe('usage', () => {
  const wrong: readonly (readonly string[])[] = [
    [],
    ['unheard-of'],
    ['list', '--unheard-of'],
    ['get'],
    ['get', 'no-id'],
    ['get', crypto.randomUUID(), '--version', '0'],
    ['get', crypto.randomUUID(), '--version', '1', '--at', '2026-01-01'],
    ...[
      'yesterday-ish',
      '1',
      'foo 7',
      '2026-02-31',
      '01/02/2026',
      '2026-01-31T12:00:00',
      '2026-02-29T12:00:00Z',
      '',
    ].map((time) => ['get', crypto.randomUUID(), '--at', time]),
    ['export', '/nowhere/at-all.zip', '--at', '2026-13-01'],
    ['capture', 'x', '--type', 'poem'],
    ['keys'],
    ['keys', 'create', 'x', '--scope', 'everything'],
    ['verify', '--sample', 'some'],
  ];
  for (const args of wrong) {
    it(`refuses "${args.map((arg) => arg.slice(0, 12)).join(' ')}" with exit code 2`, async () => {
      const result = await run(args.length > 1 ? [...args, '--data', library.folder] : args, { env });
      expect(result).toMatchObject({ code: 2, stdout: Buffer.alloc(0), stderr: expect.stringMatching(/./) });
    });
  }

  for (const name of ['start', 'capture', 'get', 'history', 'list', 'verify', 'rebuild', 'doctor', 'keys create']) {
    it(`explains ${name} with an example`, async () => {
      const result = await run([...name.split(' '), '--help']);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(result.stdout.toString()).toMatch(/--json[\s\S]*Examples?:/);
    });
  }
});

describe('maintenance beside a running server', () => {
  it('verifies everything and counts it', async () => {
    const lines = jsonLines(await synap(['verify', '--json']));
    expect(lines).toEqual([expect.objectContaining({ event: 'summary', ok: true, findings: 0 })]);
    expect(Number(lines[0]?.events)).toBeGreaterThan(3);
    expect(Number(lines[0]?.content)).toBeGreaterThan(3);
  });

  it('does what is named only, and a sample where one is asked for', async () => {
    const [summary] = jsonLines(await synap(['verify', '--content', '--sample', '2', '--json']));
    expect(summary).toEqual({ event: 'summary', ok: true, findings: 0, content: 2 });
  });

  it('rebuilds, and everything is as before', async () => {
    const before = jsonLines(await synap(['list', '--json']));
    expect(await json(['rebuild'])).toMatchObject({ event: 'rebuilt' });
    expect(jsonLines(await synap(['list', '--json']))).toEqual(before);
  });

  it('asks for a key of the owner with the scope admin', async () => {
    const { key } = await json(['keys', 'create', 'weak']);
    const ask = (authorization: Record<string, string>) =>
      fetch(`${server.url}/api/v1/admin/rebuild`, { method: 'POST', headers: authorization });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${String(key)}` })).status).toBe(403);
  });

  it('finds nothing wrong as a doctor', async () => {
    const lines = jsonLines(await synap(['doctor', '--json']));
    expect(lines.filter((line) => line.status === 'fail')).toEqual([]);
    expect(lines.map((line) => line.name)).toEqual(
      expect.arrayContaining(['database', 'event store', 'storage', 'disk']),
    );
  });

  it('finds content that was altered, cut or removed, by entity and version', async () => {
    const folder = join(library.folder, 'objects');
    const damage = async (text: string, harm: (path: string) => Promise<void>) => {
      const { id } = await json(['capture', text]);
      const files = await readdir(folder, { recursive: true });
      await harm(join(folder, String(files.find((file) => file.includes(String(id)) && file.endsWith('.md')))));
      return id;
    };
    const altered = await damage('one', (path) => writeFile(path, 'eno'));
    const cut = await damage('two', (path) => truncate(path, 1));
    const removed = await damage('three', (path) => rm(path));
    const result = await synap(['verify', '--content', '--json']);
    const lines = jsonLines(result);
    expect(result.code).toBe(1);
    const found = lines.map(({ code, aggregateId, version }) => ({ code, aggregateId, version }));
    expect(found).toEqual(
      expect.arrayContaining([
        { code: 'CONTENT_ALTERED', aggregateId: altered, version: 1 },
        { code: 'CONTENT_SIZE_WRONG', aggregateId: cut, version: 1 },
        { code: 'CONTENT_MISSING', aggregateId: removed, version: 1 },
      ]),
    );
    expect(lines.at(-1)).toMatchObject({ event: 'summary', ok: false, findings: 3 });
  });
});

describe('life and death of a server', () => {
  it('holds its folder alone: a second start is refused and the first is unharmed', async () => {
    const folder = await temporaryFolder();
    const first = await startServer(folder.path);
    const second = await run(['start', '--json', '--port', '0', '--data', folder.path]);
    expect(second).toMatchObject({
      code: 3,
      stdout: Buffer.alloc(0),
      stderr: expect.stringContaining('Another Synap'),
    });
    expect((await run(['capture', 'still here', '--data', folder.path])).code).toBe(0);
    first.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    // With nobody holding it, the same check opens the folder itself.
    const [summary] = jsonLines(await run(['verify', '--json', '--data', folder.path]));
    expect(summary).toMatchObject({ ok: true, events: 1, content: 1 });
    await folder.remove();
  });

  it('has lost nothing after kill -9, and starts again at once', async () => {
    const { id } = await json(['capture', 'survivor']);
    server.kill('SIGKILL');
    await server.ended;
    expect((await synap(['list'])).code).toBe(3);
    server = await startServer(library.folder, { env });
    expect(server.lines.map((line) => line.event)).toEqual(['ready']);
    // Only the first start tells a program how to sign in.
    expect(server.lines[0]).not.toHaveProperty('signInUrl');
    expect((await synap(['get', String(id), '--content'])).stdout.toString()).toBe('survivor');
  });

  it('answers what is under way when it is asked to stop, twice, and ends with 0', async () => {
    const body = Buffer.from(JSON.stringify({ content: 'sent while stopping' }));
    const key = (await readFile(join(library.folder, 'owner-key'), 'utf8')).trim();
    const answer = new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const call = request(
        `${server.url}/trpc/notes.create`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${key}`,
            'content-type': 'application/json',
            'content-length': body.length,
          },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode, text }));
        },
      );
      call.on('error', reject);
      call.write(body.subarray(0, 10));
      // Half of it is there when the signals come.
      void sleep(300)
        .then(() => server.kill('SIGTERM'))
        .then(() => sleep(300))
        .then(() => server.kill('SIGTERM'))
        .then(() => call.end(body.subarray(10)));
    });
    const { status, text } = await answer;
    expect(status).toBe(200);
    expect(await server.ended).toBe(0);
    expect(await readdir(library.folder)).not.toContain('server.json');

    const { entityId } = (JSON.parse(text) as { result: { data: { entityId: string } } }).result.data;
    server = await startServer(library.folder, { env });
    expect((await synap(['get', entityId, '--content'])).stdout.toString()).toBe('sent while stopping');
  });

  it('takes a preset key, tells it once and keeps it nowhere', async () => {
    const folder = await temporaryFolder();
    const preset = 'k'.repeat(32);
    const first = await startServer(folder.path, { env: { SYNAP_OWNER_KEY: preset } });
    expect(first.lines[0]).toMatchObject({ event: 'owner-created', apiKey: preset });
    expect(await readdir(folder.path)).not.toContain('owner-key');
    const options = { env: { SYNAP_OWNER_KEY: preset } };
    expect((await run(['capture', 'x', '--data', folder.path], options)).code).toBe(0);
    first.kill('SIGINT');
    expect(await first.ended).toBe(0);
    await folder.remove();
  });
});
