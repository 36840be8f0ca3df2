import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase } from '@synap/database/testing';
import { type S3Simulator, startS3Simulator } from '@synap/storage/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { jsonLines, type Result, run, type Server, startServer, temporaryFolder } from './cli-driver.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const LARGE = randomBytes(3 * 1024 * 1024 + 5);
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

describe.each(['fs', 'r2'] as const)('files on %s', (kind) => {
  let simulator: S3Simulator | undefined;
  let library: TestDatabase;
  let local: Awaited<ReturnType<typeof temporaryFolder>>;
  let env: Record<string, string>;
  let server: Server;
  let key: string;

  beforeAll(async () => {
    simulator = kind === 'r2' ? await startS3Simulator() : undefined;
    library = await testDatabase();
    await library.database.close();
    local = await temporaryFolder();
    env = {
      ...(library.url !== undefined && { DATABASE_URL: library.url }),
      ...(simulator && {
        S3_ENDPOINT: simulator.endpoint,
        R2_BUCKET_NAME: simulator.bucketName,
        R2_ACCESS_KEY_ID: simulator.accessKeyId,
        R2_SECRET_ACCESS_KEY: simulator.secretAccessKey,
      }),
    };
    server = await startServer(library.folder, { env });
    key = String(server.lines[0]?.apiKey);
  });
  afterAll(async () => {
    server?.kill('SIGKILL');
    await server?.ended;
    await library?.close();
    await local?.remove();
    await simulator?.close();
  });

  const synap = (args: readonly string[], input?: string): Promise<Result> =>
    run([...args, '--data', library.folder], { env, cwd: local.path, ...(input !== undefined && { input }) });

  async function json(args: readonly string[]): Promise<Record<string, unknown>[]> {
    const result = await synap([...args, '--json']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    return jsonLines(result);
  }

  async function upload(name: string, bytes: Uint8Array | string): Promise<string> {
    await writeFile(join(local.path, name), bytes);
    const [entity] = await json(['upload', name]);
    return String(entity?.id);
  }

  async function urlOf(id: string, expiresIn?: number): Promise<string> {
    const input = encodeURIComponent(JSON.stringify({ id, expiresIn }));
    const response = await fetch(`${server.url}/trpc/files.url?input=${input}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const { result } = (await response.json()) as { result: { data: { url: string; expiresAt: string } } };
    const left = Date.parse(result.data.expiresAt) - Date.now();
    expect(left).toBeLessThanOrEqual((expiresIn ?? 3_600) * 1_000);
    return result.data.url;
  }

  const content = (id: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/api/v1/entities/${id}/content`, { headers: { authorization: `Bearer ${key}`, ...headers } });

  /** The file that a key is, on fs. */
  async function objectOf(id: string): Promise<string> {
    const objects = join(library.folder, 'objects');
    const names = await readdir(objects, { recursive: true });
    return join(objects, names.find((name) => name.includes(`files/${id}/`)) ?? '');
  }

  it('are what the program says it keeps them on', () => {
    expect(server.lines.at(-1)).toMatchObject({ event: 'ready', storage: kind });
  });

  it('come back byte for byte, whole and in part, and verify reads them back', async () => {
    const note = await synap(['capture', 'A note beside the files']);
    expect(note).toMatchObject({ code: 0 });
    const id = await upload('größe "x".bin', LARGE);
    const [saved] = await json(['get', id, '--content', '--output', 'back.bin']);
    expect(saved).toMatchObject({ event: 'saved', bytes: LARGE.length });
    expect((await readFile(join(local.path, 'back.bin'))).equals(LARGE)).toBe(true);
    expect((await synap(['get', id, '--content'])).stdout.equals(LARGE)).toBe(true);
    const part = await content(id, { range: 'bytes=3000000-' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 3000000-3145732/${LARGE.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(LARGE.subarray(3_000_000))).toBe(true);
    const head = await fetch(`${server.url}/api/v1/entities/${id}/content`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${key}` },
    });
    expect(head.headers.get('content-length')).toBe(String(LARGE.length));
    const verified = await json(['verify', '--content']);
    expect(verified).toEqual([expect.objectContaining({ event: 'summary', ok: true, content: 2 })]);
    expect((await json(['doctor'])).filter(({ status }) => status === 'fail')).toEqual([]);
  });

  it('are read by a signed address without any key, until it expires, and by no other', async () => {
    const [one, two] = [await upload('one.bin', LARGE), await upload('two.png', 'no picture')];
    const url = await urlOf(one);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(LARGE)).toBe(true);
    const part = await fetch(url, { headers: { range: 'bytes=5-9' } });
    expect([part.status, Buffer.from(await part.arrayBuffer()).equals(LARGE.subarray(5, 10))]).toEqual([206, true]);

    const other = new URL(await urlOf(two));
    const swapped = new URL(url);
    swapped.pathname = other.pathname;
    const unsigned = new URL(url);
    unsigned.search = '';
    const expired = await urlOf(one, 1);
    await sleep(2_100);
    const tampered = url.replace(/(response-content-disposition=)[^&]*/, '$1inline');
    for (const address of [swapped.href, unsigned.href, tampered, expired]) {
      const refused = await fetch(address);
      expect([400, 401, 403]).toContain(refused.status);
      expect(Buffer.from(await refused.arrayBuffer()).equals(LARGE)).toBe(false);
    }
    if (kind === 'fs') {
      const written = await fetch(url, { method: 'PUT', body: 'x' });
      expect(written.status).toBe(404);
    }
  });

  it('run nothing in a browser', async () => {
    const svg = await upload('drawing.svg', SVG);
    const html = await upload('page.html', '<script>alert(1)</script>');
    const lying = await upload('page.png', '<script>alert(1)</script>');
    const seen = async (response: Response) => {
      await response.arrayBuffer();
      const header = (name: string) => response.headers.get(name);
      return [header('content-type'), header('content-disposition'), header('x-content-type-options')];
    };
    const policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    const drawing = await content(svg);
    expect(drawing.headers.get('content-security-policy')).toBe(policy);
    expect(drawing.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(await seen(drawing)).toEqual(['image/svg+xml', 'inline; filename=drawing.svg', 'nosniff']);
    const text = ['text/plain; charset=utf-8', 'inline; filename=page.html', 'nosniff'];
    expect(await seen(await content(html))).toEqual(text);
    const bytes = ['application/octet-stream', 'attachment; filename=page.png', 'nosniff'];
    expect(await seen(await content(lying))).toEqual(bytes);
    const address = new URL(await urlOf(svg));
    if (kind === 'fs') {
      const signed = await fetch(address);
      expect(signed.headers.get('content-security-policy')).toBe(policy);
      expect(await seen(signed)).toEqual(['image/svg+xml', 'inline; filename=drawing.svg', 'nosniff']);
      expect(await seen(await fetch(await urlOf(html)))).toEqual(text);
    } else {
      // A store sends no policy of ours, so it is asked to have the drawing saved and not shown.
      expect(address.searchParams.get('response-content-disposition')).toMatch(/^attachment;/);
      // The object itself says that it is text, whatever the store makes of the question.
      expect((await fetch(await urlOf(html))).headers.get('content-type')).toBe(text[0]);
    }
  });

  it('leave nothing behind when the client goes away in the middle', async () => {
    const bytes = randomBytes(1_000_000);
    const announced = await announce(bytes);
    const socket = await begin(announced.url, bytes.length, bytes.subarray(0, 500_000));
    await sleep(200);
    socket.destroy();
    // The same upload is taken when it is sent again, and is whole.
    const again = await fetch(server.url + announced.url, {
      method: 'PUT',
      body: bytes,
      headers: { authorization: `Bearer ${key}` },
    });
    expect(again.status).toBe(204);
    if (kind === 'fs') {
      const leftovers = async () => readdir(join(library.folder, 'objects', '.tmp'));
      await vi.waitFor(async () => expect(await leftovers()).toEqual([]), { timeout: 10_000 });
    }
  });

  async function announce(bytes: Buffer): Promise<{ uploadId: string; url: string }> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const response = await fetch(`${server.url}/trpc/files.createUpload`, {
      method: 'POST',
      body: JSON.stringify({ name: 'a.bin', contentType: '', size: bytes.length, sha256 }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    return ((await response.json()) as { result: { data: { uploadId: string; url: string } } }).result.data;
  }

  /** Begins to send a body and leaves it at that. */
  async function begin(path: string, length: number, sent: Uint8Array) {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(
      `PUT ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Length: ${length}\r\n\r\n`,
    );
    socket.write(sent);
    return socket;
  }

  // A store of its own is damaged behind its back in the storage package's tests.
  if (kind === 'fs') {
    it('that are damaged are cut off before their end, and found by verify', async () => {
      const id = await upload('damaged.bin', LARGE);
      const file = await open(await objectOf(id), 'r+');
      await file.write(Buffer.from([(LARGE[100] ?? 0) ^ 1]), 0, 1, 100);
      await file.close();
      for (const address of [`${server.url}/api/v1/entities/${id}/content`, await urlOf(id)]) {
        const response = await fetch(address, { headers: { authorization: `Bearer ${key}` } });
        expect(response.status).toBe(200);
        await expect(response.arrayBuffer()).rejects.toThrow();
      }
      expect(await synap(['get', id, '--content', '--output', 'damaged.back'])).toMatchObject({ code: 3 });
      expect((await readdir(local.path)).filter((name) => name.startsWith('damaged.back'))).toEqual([]);
      const verified = await synap(['verify', '--content', '--json']);
      expect(verified.code).toBe(1);
      expect(jsonLines(verified)[0]).toMatchObject({ event: 'finding', code: 'CONTENT_ALTERED', aggregateId: id });
      // It goes on serving.
      expect((await content(await upload('sound.txt', 'sound'))).status).toBe(200);
    });
  }

  it('that hang on a slow client do not keep the server from stopping', async () => {
    const bytes = randomBytes(100_000);
    const { url } = await announce(bytes);
    const socket = await begin(url, bytes.length, bytes.subarray(0, 10));
    const gone = once(socket, 'close');
    await sleep(200);
    server.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    await gone;
    if (kind === 'fs') expect(await readdir(join(library.folder, 'objects', '.tmp'))).toEqual([]);
  });
});

it('have signed addresses where the server is reached, not where it listens', async () => {
  const { path, remove } = await temporaryFolder();
  const server = await startServer(path, { env: { SYNAP_PUBLIC_URL: 'https://notes.example.com' } });
  try {
    const headers = { authorization: `Bearer ${String(server.lines[0]?.apiKey)}`, 'content-type': 'application/json' };
    const ask = async (call: string, init: RequestInit = {}) => {
      const response = await fetch(`${server.url}/trpc/${call}`, { headers, ...init });
      return (await response.json()) as { result: { data: { entityId: string; url: string } } };
    };
    const created = await ask('notes.create', { method: 'POST', body: '{"content":"behind a proxy"}' });
    const input = JSON.stringify({ id: created.result.data.entityId });
    const { origin, pathname, search } = new URL(
      (await ask(`files.url?input=${encodeURIComponent(input)}`)).result.data.url,
    );
    expect(origin).toBe('https://notes.example.com');
    // The proxy hands it on to where it listens.
    expect(await (await fetch(server.url + pathname + search)).text()).toBe('behind a proxy');
  } finally {
    server.kill('SIGKILL');
    await server.ended;
    await remove();
  }
});

describe('the command line', () => {
  it('says what is wrong with a file before it sends any', async () => {
    const { path, remove } = await temporaryFolder();
    await writeFile(join(path, 'a.txt'), 'a');
    const run1 = await run(['upload', 'a.txt', 'missing.txt'], { cwd: path });
    expect([run1.code, run1.stderr]).toEqual([1, `synap: ${join(path, 'missing.txt')} cannot be read.\n`]);
    const run2 = await run(['upload', '.'], { cwd: path });
    expect([run2.code, run2.stderr]).toEqual([1, `synap: ${path} is no file.\n`]);
    const run3 = await run(['get', 'x', '--output', 'a.txt'], { cwd: path });
    expect([run3.code, run3.stderr]).toEqual([2, 'synap: --output goes with --content.\n']);
    await remove();
  });

  it('takes the bare -- that a package manager hands on', async () => {
    const { path, remove } = await temporaryFolder();
    const result = await run(['start', '--', '--port', 'x', '--data', path], { cwd: path });
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('PORT must be a number')]);
    await remove();
  });
});
