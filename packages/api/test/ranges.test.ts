import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entity } from '@synap/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, type TestServer, testServer } from './server.ts';
import { upload } from './upload-client.ts';

const SMALL = randomBytes(1_000);
const LARGE = randomBytes(2 * 1024 * 1024 + 17);
let server: TestServer;
let client: Client;
let small: Entity;
let large: Entity;

beforeAll(async () => {
  server = await testServer();
  client = await server.client();
  small = await upload(client, 'small.bin', SMALL);
  large = await upload(client, 'large.bin', LARGE);
});
afterAll(() => server.close());

const pathOf = ({ id }: Entity) => `/api/v1/entities/${id}/content`;
const get = (entity: Entity, headers: Record<string, string>, method = 'GET') =>
  client.fetch(pathOf(entity), { method, headers });

/** What RFC 9110 says of one range, in the words of the test and not of the code. */
function expected(bytes: Buffer, first: number | undefined, last: number | undefined): [number, Buffer] {
  if (first === undefined && last === undefined) return [200, bytes];
  if (first === undefined) return last === 0 ? [416, Buffer.alloc(0)] : [206, bytes.subarray(-(last ?? 0))];
  if (last !== undefined && last < first) return [200, bytes];
  return first >= bytes.length ? [416, Buffer.alloc(0)] : [206, bytes.subarray(first, (last ?? bytes.length) + 1)];
}

describe('a range', () => {
  it.each(['small', 'large'])('of a %s file is what a slice of it is', async (which) => {
    const [entity, bytes] = which === 'small' ? [small, SMALL] : [large, LARGE];
    const place = fc.option(fc.oneof(fc.nat(bytes.length + 10), fc.constantFrom(0, bytes.length - 1, bytes.length)), {
      nil: undefined,
    });
    await fc.assert(
      fc.asyncProperty(place, place, async (first, last) => {
        const [status, part] = expected(bytes, first, last);
        const response = await get(entity, { range: `bytes=${first ?? ''}-${last ?? ''}` });
        const body = Buffer.from(await response.arrayBuffer());
        expect([response.status, body.equals(part)]).toEqual([status, true]);
        const start = first ?? Math.max(bytes.length - (last ?? 0), 0);
        const range =
          status === 206 ? `bytes ${start}-${start + part.length - 1}/${bytes.length}` : `bytes */${bytes.length}`;
        expect(response.headers.get('content-range')).toBe(status === 200 ? null : range);
        if (status !== 416) expect(response.headers.get('content-length')).toBe(String(part.length));
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=1',
    'bytes=0x1-5',
    'bytes=1-2-3',
    'bytes= 5 - 9',
    'items=0-5',
    '0-5',
    'bytes=0-1,5-6',
    'bytes=0-0,-1',
    'bytes=9-5',
  ])('that is none, or more than one, "%s", is the whole', async (range) => {
    const response = await get(small, { range });
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(SMALL)).toBe(true);
  });

  it('is given only of the same bytes', async () => {
    const tag = `"${small.checksum}"`;
    const statusOf = async (condition: string) =>
      (await get(small, { range: 'bytes=0-4', 'if-range': condition })).status;
    expect(await statusOf(tag)).toBe(206);
    expect(await statusOf(`W/${tag}`)).toBe(200);
    expect(await statusOf(`"${large.checksum}"`)).toBe(200);
    expect(await statusOf('Wed, 21 Oct 2026 07:28:00 GMT')).toBe(200);
  });

  it('is said to be possible', async () => {
    const response = await get(small, {});
    expect(response.headers.get('accept-ranges')).toBe('bytes');
  });

  it('of an empty file cannot be given', async () => {
    const empty = await upload(client, 'empty.bin', Buffer.alloc(0));
    for (const [range, status] of [
      ['bytes=0-0', 416],
      ['bytes=0-', 416],
      ['bytes=5-1', 200],
    ] as const) {
      const response = await get(empty, { range });
      expect([range, response.status, await response.text()]).toEqual([range, status, '']);
    }
  });

  it('of another user’s file, or of none, is as little there as the whole', async () => {
    const other = await server.client();
    const response = await other.fetch(pathOf(small), { headers: { range: 'bytes=0-4' } });
    expect(response.status).toBe(404);
  });
});

describe('HEAD', () => {
  it.each([
    [{}, 200, '1000'],
    [{ range: 'bytes=10-19' }, 206, '10'],
  ])('tells what GET would, without it: %j', async (headers, status, length) => {
    const response = await get(small, headers, 'HEAD');
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
      status,
      length,
      '',
    ]);
    expect(response.headers.get('etag')).toBe(`"${small.checksum}"`);
  });
});

describe('If-None-Match', () => {
  it.each([
    [(tag: string) => tag, 304],
    [(tag: string) => `W/${tag}`, 304],
    [(tag: string) => `"other", ${tag}`, 304],
    [() => '*', 304],
    [() => '"other"', 200],
  ])('is answered', async (header, status) => {
    const response = await get(small, { 'if-none-match': header(`"${small.checksum}"`), range: 'bytes=5000-' });
    expect(response.status).toBe(status === 200 ? 416 : status);
    expect((await get(small, { 'if-none-match': header(`"${small.checksum}"`) })).status).toBe(status);
  });
});

describe('damage', () => {
  async function damaged(bytes: Buffer, change: (copy: Buffer) => Buffer): Promise<Entity> {
    const entity = await upload(client, 'a.bin', bytes);
    const folder = join(server.folder, 'users', client.userId, 'files', entity.id);
    const [name = ''] = await readdir(folder);
    await writeFile(join(folder, name), change(Buffer.from(bytes)));
    return entity;
  }
  const flip = (copy: Buffer) => {
    copy[0] = (copy[0] ?? 0) ^ 1;
    return copy;
  };

  it.each([
    ['a changed bit', flip],
    ['missing bytes', (copy: Buffer) => copy.subarray(1)],
    ['more bytes', (copy: Buffer) => Buffer.concat([copy, copy])],
  ])('of a small file is an error: %s', async (_, change) => {
    const entity = await damaged(SMALL, change);
    const response = await client.fetch(pathOf(entity));
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { code: 'CHECKSUM_MISMATCH' } });
  });

  it.each([
    ['a changed bit', flip],
    ['missing bytes', (copy: Buffer) => copy.subarray(1)],
    ['nothing left', () => Buffer.alloc(0)],
    ['more bytes', (copy: Buffer) => Buffer.concat([copy, copy])],
    ['the same bytes and one more', (copy: Buffer) => Buffer.concat([copy, Buffer.alloc(1)])],
  ])('of a large file ends the answer before its end: %s', async (_, change) => {
    const entity = await damaged(LARGE, change);
    server.log.length = 0;
    const response = await client.fetch(pathOf(entity));
    expect(response.status).toBe(200);
    let received = 0;
    const reading = (async () => {
      for await (const piece of response.body ?? []) received += piece.length;
    })();
    await expect(reading).rejects.toThrow();
    expect(received).toBeLessThan(LARGE.length);
    expect(server.log.map(({ level, message }) => [level, message])).toContainEqual(['error', 'an answer was cut off']);
  });

  it('shows in a part only by its length', async () => {
    const cut = await damaged(LARGE, (copy) => copy.subarray(0, 1_000_000));
    const response = await get(cut, { range: 'bytes=900000-1100000' });
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it('to the point of loss is an error, for a part as well', async () => {
    const entity = await upload(client, 'a.bin', LARGE);
    for await (const { key } of server.objects.list(`users/${client.userId}/files/${entity.id}/`)) {
      await server.objects.delete(key);
    }
    for (const headers of [{}, { range: 'bytes=0-4' }]) {
      const response = await get(entity, headers);
      expect([response.status, await response.json()]).toMatchObject([500, { error: { code: 'CHECKSUM_MISMATCH' } }]);
    }
  });
});
