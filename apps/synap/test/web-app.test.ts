import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Listening, listen } from '../src/server.ts';
import { WebApp } from '../src/web-app.ts';
import { temporaryFolder } from './cli-driver.ts';

const HTML = '<!doctype html><title>Synap</title><script type="module" src="/assets/app-1a2b.js"></script>';
const SCRIPT = 'console.log("hello");\n'.repeat(200);
const SECRET = 'what lies beside the page';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let listening: Listening;

beforeAll(async () => {
  folder = await temporaryFolder();
  const dist = join(folder.path, 'dist');
  await mkdir(join(dist, 'assets/.hidden'), { recursive: true });
  await writeFile(join(folder.path, 'secret.txt'), SECRET);
  await writeFile(join(dist, 'index.html'), HTML);
  await writeFile(join(dist, 'assets/app-1a2b.js'), SCRIPT);
  await writeFile(join(dist, 'assets/small-1a2b.css'), 'a{}');
  await writeFile(join(dist, 'assets/font-1a2b.woff2'), Buffer.alloc(5_000));
  await writeFile(join(dist, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(dist, '.built-from'), SECRET);
  await symlink(join(folder.path, 'secret.txt'), join(dist, 'assets/link.txt'));
  await symlink(folder.path, join(dist, 'assets/up'));

  const web = await WebApp.load(dist);
  const fetch = async (asked: Request) => (await web?.respond(asked)) ?? new Response('{}', { status: 404 });
  listening = await listen({ fetch }, '127.0.0.1', 0);
  // What was read is served, whatever becomes of the files.
  await rm(dist, { recursive: true });
});

afterAll(async () => {
  listening?.cut();
  await listening?.drain();
  await folder?.remove();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends the path as it is, which `fetch` would tidy up. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(listening.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('the page', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  it.each([
    '/',
    '/?a=b',
    '/notes/0190c6b8',
    '/notes/0190c6b8?version=2',
    '/search?q=a',
    '/tags',
    '/tags/a%2Fb',
    '/tags/%E4%B8%AD',
    '/import',
    '/sign-in',
  ])('is shown at %s', async (path) => {
    for (const headers of [browser, {}, { accept: '*/*' }]) {
      const answer = await get(path, headers as Record<string, string>);
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toBe(HTML);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
          "font-src 'self'; media-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      );
    }
  });

  it.each([
    '/notes',
    '/notes/',
    '/notes/a/b',
    '/searching',
    '/tags/',
    '/sign-in/',
    '/api',
    '/trpc',
    '/index',
    '/health',
    '/%',
    '/notes%2f1',
  ])('is not shown at %s', async (path) => {
    expect((await get(path, browser)).status).toBe(404);
  });

  it('is not what a program gets that asks for something else', async () => {
    expect((await get('/', { accept: 'application/json' })).status).toBe(404);
  });

  it('does not come again to who has it', async () => {
    const { headers } = await get('/');
    const tag = String(headers.etag);
    const again = await get('/search', { 'if-none-match': tag });
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, tag]);
    expect(again.headers['content-security-policy']).toBe((await get('/')).headers['content-security-policy']);
    expect((await get('/', { 'if-none-match': `"x", W/${tag}` })).status).toBe(304);
    for (const other of ['"x"', tag.replaceAll('"', ''), `${tag.slice(0, -2)}"`, '']) {
      expect((await get('/', { 'if-none-match': other })).status).toBe(200);
    }
  });

  it('has no body for HEAD', async () => {
    const answer = await get('/', {}, 'HEAD');
    expect([answer.status, answer.body.length, answer.headers['content-length']]).toEqual([
      200,
      0,
      String(HTML.length),
    ]);
  });
});

describe('a file of the page', () => {
  it.each([
    ['/assets/app-1a2b.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/assets/small-1a2b.css', 'text/css; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/assets/font-1a2b.woff2', 'font/woff2', 'public, max-age=31536000, immutable'],
    ['/icon.svg', 'image/svg+xml; charset=utf-8', 'no-cache'],
    ['/index.html', 'text/html; charset=utf-8', 'no-cache'],
  ])('%s has its type and lasts as long as its name', async (path, type, lasts) => {
    const { status, headers } = await get(path);
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, type, lasts]);
  });

  it.each([
    ['br, gzip', 'br', brotliDecompressSync],
    ['gzip, deflate', 'gzip', gunzipSync],
    ['GZIP', 'gzip', gunzipSync],
    ['br;q=0, gzip;q=0.5', 'gzip', gunzipSync],
    ['br;q=1.0', 'br', brotliDecompressSync],
  ])('is compressed for who accepts %s', async (accepted, encoding, decompress) => {
    const { headers, body } = await get('/assets/app-1a2b.js', { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(encoding);
    expect(headers.vary).toBe('Accept-Encoding');
    expect(Number(headers['content-length'])).toBe(body.length);
    expect(body.length).toBeLessThan(SCRIPT.length / 4);
    expect(decompress(body).toString()).toBe(SCRIPT);
    const again = await get('/assets/app-1a2b.js', {
      'accept-encoding': accepted,
      'if-none-match': String(headers.etag),
    });
    expect(again.status).toBe(304);
  });

  it.each(['', 'identity', 'deflate', 'br;q=0, gzip;q=0.000', 'brotli', 'xbr'])(
    'is not compressed for %j',
    async (accepted) => {
      const { headers, body } = await get('/assets/app-1a2b.js', { 'accept-encoding': accepted });
      expect(headers['content-encoding']).toBeUndefined();
      expect(body.toString()).toBe(SCRIPT);
    },
  );

  it('is not compressed where it does not help', async () => {
    for (const path of ['/assets/font-1a2b.woff2', '/assets/small-1a2b.css']) {
      expect((await get(path, { 'accept-encoding': 'br' })).headers['content-encoding']).toBeUndefined();
    }
  });
});

it.each([
  '/assets/../../secret.txt',
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/assets/%2e%2e/%2e%2e/secret.txt',
  '/%2e%2e%2fsecret.txt',
  '/..%252fsecret.txt',
  '/..%5csecret.txt',
  '/..\\secret.txt',
  '/assets/..%c0%af..%c0%afsecret.txt',
  '/secret.txt%00.js',
  '/assets/app-1a2b.js%00',
  '//secret.txt',
  '/etc/passwd',
  '//etc/passwd',
  '/file:///etc/passwd',
  '/assets/link.txt',
  '/assets/up/secret.txt',
  '/.built-from',
  '/assets/.hidden',
  '/assets',
  '/assets/',
  '/__proto__',
  '/constructor',
  '/assets/APP-1A2B.JS',
])('%s leads nowhere', async (path) => {
  const answer = await get(path);
  expect([400, 404]).toContain(answer.status);
  expect(answer.body.toString()).not.toContain(SECRET);
});

it('is none where nothing was built', async () => {
  expect(await WebApp.load(join(folder.path, 'nowhere'))).toBeUndefined();
  await mkdir(join(folder.path, 'empty'));
  expect(await WebApp.load(join(folder.path, 'empty'))).toBeUndefined();
});
