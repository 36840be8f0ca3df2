import { hash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checksumOf, type Entity } from '@synap/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerOf, type Client, keysOf, type TestServer, testServer } from './server.ts';
import { announce, announcement, PNG, put, type Target, upload } from './upload-client.ts';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await testServer();
});
beforeEach(async () => {
  client = await server.client();
});
afterAll(() => server.close());

const errorOf = async (response: Response) => {
  const { error } = (await response.json()) as { error: { code: string; what?: string } };
  return [response.status, error.code, ...(error.what === undefined ? [] : [error.what])];
};
const failureOf = async (procedure: string, input: unknown, who = client) => {
  const { status, error } = await who.mutate(procedure, input);
  return [status, error?.data.reason];
};
const mine = async () => (await keysOf(server.objects)).filter((key) => key.includes(client.userId));
const leftovers = () => readdir(join(server.folder, '.tmp'));

describe('an upload', () => {
  it('becomes an entity of type file with the name as its title', async () => {
    const entity = await upload(client, 'holiday photo.png', PNG);
    expect(entity).toMatchObject({
      type: 'file',
      title: 'holiday photo.png',
      fileType: 'image',
      fileSize: PNG.length,
      checksum: checksumOf(PNG),
      version: 1,
      deletedAt: null,
    });
    expect(await client.get<Entity>('entities.get', { id: entity.id })).toEqual(entity);
    expect((await client.bytes(entity.id)).equals(PNG)).toBe(true);
    expect(await mine()).toEqual([
      expect.stringMatching(new RegExp(`^users/${client.userId}/files/${entity.id}/[^/]+\\.png$`)),
    ]);
  });

  it.each(['hex', 'base64', 'base64url'] as const)(
    'takes a SHA-256 in %s, also of nothing at all',
    async (spelling) => {
      const bytes = new Uint8Array();
      const sha256 = hash('sha256', bytes, spelling);
      const target = await client.do<Target>('files.createUpload', { ...announcement('empty.txt', bytes), sha256 });
      expect((await put(client, target, bytes)).status).toBe(204);
      const entity = await client.do<Entity>('files.complete', { uploadId: target.uploadId });
      expect(entity).toMatchObject({ fileSize: 0, checksum: checksumOf(bytes) });
      expect(await client.bytes(entity.id)).toHaveLength(0);
    },
  );

  it('that is completed again, also from many at once, is one entity', async () => {
    const bytes = randomBytes(1000);
    const target = await announce(client, 'a.bin', bytes);
    await put(client, target, bytes);
    const { uploadId } = target;
    const complete = () => client.do<Entity>('files.complete', { uploadId });
    const entities = await Promise.all(Array.from({ length: 8 }, complete));
    const id = entities[0]?.id;
    await client.do('entities.update', { id, title: 'renamed' });
    // Also when nothing is left of the upload.
    await server.database.transaction({ role: 'owner' }, [{ sql: 'DELETE FROM uploads' }]);
    entities.push(await complete());
    expect(new Set(entities.map((entity) => JSON.stringify(entity))).size).toBe(1);
    expect((await client.get<{ items: unknown[] }>('entities.history', { id })).items).toHaveLength(2);
  });

  it('may be announced again under its idempotency key, and no other under the same', async () => {
    const input = { ...announcement('a.txt', Buffer.from('a')), idempotencyKey: 'one' };
    const [first, second] = await Promise.all([
      client.do<Target>('files.createUpload', input),
      client.do<Target>('files.createUpload', input),
    ]);
    expect(second).toEqual(first);
    expect(await failureOf('files.createUpload', { ...input, name: 'b.txt' })).toEqual([400, 'IDEMPOTENCY_KEY_REUSED']);
    const other = await server.client();
    expect((await other.do<Target>('files.createUpload', input)).uploadId).not.toBe(first.uploadId);
  });

  it('is a new one under the key of one that has expired, also for many at once', async () => {
    const client = await server.client();
    const bytes = Buffer.from('b');
    const input = { ...announcement('b.txt', bytes), idempotencyKey: 'kept' };
    const old = await client.do<Target>('files.createUpload', input);
    await server.database.transaction({ role: 'owner' }, [
      { sql: 'UPDATE uploads SET expires_at = now() WHERE id = $1', params: [old.uploadId] },
    ]);
    const again = await Promise.all([1, 2, 3, 4].map(() => client.do<Target>('files.createUpload', input)));
    const [target] = again as [Target];
    expect(new Set(again.map(({ uploadId }) => uploadId))).toEqual(new Set([target.uploadId]));
    expect(target.uploadId).not.toBe(old.uploadId);
    expect((await put(client, target, bytes)).status).toBe(204);
    expect(await client.do<Entity>('files.complete', { uploadId: target.uploadId })).toMatchObject({ title: 'b.txt' });
    expect(await failureOf('files.complete', { uploadId: old.uploadId }, client)).toEqual([410, 'UPLOAD_EXPIRED']);
  });

  it('may be sent again, before and after it is complete, and stays what it is', async () => {
    const bytes = randomBytes(70_000);
    const target = await announce(client, 'a.bin', bytes);
    const statuses = await Promise.all([1, 2, 3].map(async () => (await put(client, target, bytes)).status));
    expect(statuses).toEqual([204, 204, 204]);
    const { id } = await client.do<Entity>('files.complete', { uploadId: target.uploadId });
    const keys = await mine();
    expect((await put(client, target, bytes)).status).toBe(204);
    expect(await mine()).toEqual(keys);
    expect((await client.bytes(id)).equals(bytes)).toBe(true);
  });

  it('is not there for another user', async () => {
    const target = await announce(client, 'a.png', PNG);
    const other = await server.client();
    expect(await errorOf(await put(other, target, PNG))).toEqual([404, 'NOT_FOUND']);
    expect(await failureOf('files.complete', { uploadId: target.uploadId }, other)).toEqual([404, 'NOT_FOUND']);
    await put(client, target, PNG);
    const { uploadId } = target;
    expect(await failureOf('files.complete', { uploadId }, other)).toEqual([404, 'NOT_FOUND']);
    const { id } = await client.do<Entity>('files.complete', { uploadId });
    expect(await failureOf('files.complete', { uploadId }, other)).toEqual([404, 'NOT_FOUND']);
    expect((await other.fetch(`/api/v1/entities/${id}/content`)).status).toBe(404);
    // The database alone keeps them apart as well, for reading and for writing.
    const asOther = { role: 'app', userId: other.userId, writes: true } as const;
    const seen = await server.database.transaction(asOther, [
      { sql: 'SELECT id FROM uploads' },
      { sql: `UPDATE uploads SET name = 'stolen' RETURNING id` },
      { sql: 'DELETE FROM uploads RETURNING id' },
    ]);
    expect(seen).toEqual([[], [], []]);
    const insert = `INSERT INTO uploads (id, user_id, entity_id, name, content_type, size, checksum, expires_at)
      VALUES (gen_random_uuid(), $1, gen_random_uuid(), 'x', '', 0, '', now())`;
    await expect(
      server.database.transaction(asOther, [{ sql: insert, params: [client.userId] }]),
    ).rejects.toMatchObject({ details: { sqlState: '42501' } });
  });

  it('needs a key that may write', async () => {
    const target = await announce(client, 'a.png', PNG);
    const reader = await server.keyOf(client, ['read']);
    expect(await errorOf(await put(reader, target, PNG))).toEqual([403, 'INSUFFICIENT_SCOPE']);
    const anonymous = await server.app.app.request(target.url, { method: 'PUT', body: PNG });
    expect(await errorOf(anonymous)).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('is unknown after its time, whether it was sent or not', async () => {
    const [sent, unsent] = [await announce(client, 'a.png', PNG), await announce(client, 'b.png', PNG)];
    await put(client, sent, PNG);
    await server.database.transaction({ role: 'owner' }, [{ sql: 'UPDATE uploads SET expires_at = now()' }]);
    expect(await errorOf(await put(client, unsent, PNG))).toEqual([410, 'UPLOAD_EXPIRED']);
    for (const { uploadId } of [sent, unsent]) {
      expect(await failureOf('files.complete', { uploadId })).toEqual([410, 'UPLOAD_EXPIRED']);
    }
    await server.database.transaction({ role: 'owner' }, [
      { sql: `UPDATE uploads SET expires_at = now() - interval '8 days'` },
    ]);
    await announce(client, 'c.png', PNG);
    expect(await failureOf('files.complete', { uploadId: sent.uploadId })).toEqual([404, 'NOT_FOUND']);
  });

  it.each(['0190c6b8-0000-7000-8000-000000000000', 'x', '..%2fx'])('that never was, %s, is not found', async (id) => {
    const response = await client.fetch(`/api/v1/uploads/${id}`, { method: 'PUT', body: PNG });
    expect(await errorOf(response)).toEqual([404, 'NOT_FOUND']);
  });
});

describe('what was announced', () => {
  const bytes = randomBytes(100_000);
  const sum = hash('sha256', bytes, 'hex');

  it.each([
    ['too few bytes', { size: 100_001, sha256: sum }, 'size'],
    ['too many bytes', { size: 99_999, sha256: sum }, 'size'],
    ['some, where none were announced', { size: 0, sha256: sum }, 'size'],
    ['other bytes', { size: 100_000, sha256: hash('sha256', 'x', 'hex') }, 'sha256'],
  ])('is held against what comes: %s', async (_, said, what) => {
    const target = await client.do<Target>('files.createUpload', { name: 'a', contentType: '', ...said });
    for (const body of [bytes, new Blob([bytes]).stream()]) {
      expect(await errorOf(await put(client, target, body))).toEqual([400, 'UPLOAD_MISMATCH', what]);
    }
    expect(await failureOf('files.complete', { uploadId: target.uploadId })).toEqual([400, 'INVALID_STATE']);
    expect([await mine(), await leftovers()]).toEqual([[], []]);
  });

  it('is no more than is taken: a body that is longer is left where it is', async () => {
    const target = await announce(client, 'a', bytes);
    let taken = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          taken += 65_536;
          controller.enqueue(new Uint8Array(65_536));
        },
        cancel: () => {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    expect(await errorOf(await put(client, target, endless))).toEqual([400, 'UPLOAD_MISMATCH', 'size']);
    expect([taken, cancelled]).toEqual([131_072, true]);
    expect([await mine(), await leftovers()]).toEqual([[], []]);
  });

  it('may come later in one piece if the first body breaks off', async () => {
    const target = await announce(client, 'a', bytes);
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes.subarray(0, 50_000)),
      pull: (controller) => controller.error(new Error('gone')),
    });
    expect(await errorOf(await put(client, target, broken))).toEqual([400, 'VALIDATION_FAILED']);
    expect([await mine(), await leftovers()]).toEqual([[], []]);
    expect((await put(client, target, bytes)).status).toBe(204);
    const { id } = await client.do<Entity>('files.complete', { uploadId: target.uploadId });
    expect((await client.bytes(id)).equals(bytes)).toBe(true);
  });

  it.each([
    ['a file that is too large', { size: 5 * 1024 ** 3 + 1 }, 413, 'CONTENT_TOO_LARGE'],
    ['a negative size', { size: -1 }, 400, 'VALIDATION_FAILED'],
    ['half a byte', { size: 0.5 }, 400, 'VALIDATION_FAILED'],
    ['no SHA-256', { sha256: 'abc' }, 400, 'VALIDATION_FAILED'],
    ['no name', { name: ' ' }, 400, 'VALIDATION_FAILED'],
    ['a line break in the name', { name: 'a\r\nSet-Cookie: x' }, 400, 'INVALID_TEXT'],
    ['a NUL in the name', { name: 'a\0.png' }, 400, 'INVALID_TEXT'],
    ['half a character in the name', { name: 'a\ud800' }, 400, 'INVALID_TEXT'],
    ['a name without end', { name: 'a'.repeat(501) }, 413, 'TITLE_TOO_LONG'],
    ['a line break in the type', { contentType: 'a/b\r\nx: y' }, 400, 'VALIDATION_FAILED'],
  ])('cannot be %s', async (_, change, status, reason) => {
    expect(await failureOf('files.createUpload', { ...announcement('a', PNG), ...change })).toEqual([status, reason]);
  });
});

describe('memory', () => {
  it('holds no more of a body than the store has taken', async () => {
    const { promise: blocked, resolve: release } = Promise.withResolvers<void>();
    let stored = 0;
    const own = await testServer({
      wrapObjects: (objects) =>
        new Proxy(objects, {
          get: (target, name) => {
            if (name === 'uploadStream') {
              return (key: string, content: AsyncIterable<Uint8Array>) =>
                target.uploadStream(
                  key,
                  (async function* () {
                    await blocked;
                    for await (const piece of content) {
                      stored += piece.length;
                      yield piece;
                    }
                  })(),
                );
            }
            const value: unknown = Reflect.get(target, name, target);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        }),
    });
    try {
      const someone = await own.client();
      const piece = new Uint8Array(1024 * 1024).fill(7);
      const pieces = 80;
      let sent = 0;
      let most = 0;
      const body = new ReadableStream<Uint8Array>(
        {
          pull: (controller) => {
            if (sent === pieces) return controller.close();
            sent++;
            most = Math.max(most, sent * piece.length - stored);
            controller.enqueue(piece);
          },
        },
        { highWaterMark: 0 },
      );
      const whole = hash('sha256', Buffer.concat(Array.from({ length: pieces }, () => piece)), 'hex');
      const input = { name: 'large', contentType: '', size: pieces * piece.length, sha256: whole };
      const target = await someone.do<Target>('files.createUpload', input);
      const answer = put(someone, target, body);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(sent).toBeLessThanOrEqual(3);
      release();
      expect((await answer).status).toBe(204);
      // More than any buffered body may have, and never more than a few pieces of it at once.
      expect(sent * piece.length).toBeGreaterThan(64 * 1024 * 1024);
      expect(most).toBeLessThanOrEqual(3 * piece.length);
    } finally {
      await own.close();
    }
  });
});

describe('a file', () => {
  it('is deleted, restored and read at any version like everything else', async () => {
    const { id } = await upload(client, 'a.png', PNG);
    await client.do('entities.update', { id, title: 'b.png', tags: ['x'] });
    await client.do('entities.update', { id, content: '# Now a text' });
    await client.do('entities.delete', { id });
    expect((await client.bytes(id)).toString()).toBe('# Now a text');
    expect((await client.bytes(id, '?version=2')).equals(PNG)).toBe(true);
    const restored = await client.do<Entity>('entities.restore', { id, version: 2 });
    expect(restored).toMatchObject({ title: 'b.png', fileType: 'image', fileSize: PNG.length, deletedAt: null });
    expect((await client.bytes(id)).equals(PNG)).toBe(true);
    const old = await client.fetch(`/api/v1/entities/${id}/content?version=3`);
    expect(old.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
  });

  it('that is no text has no text', async () => {
    const { id } = await upload(client, 'a.png', PNG);
    const { status, error } = await client.query('entities.content', { id });
    expect([status, error?.data.reason]).toEqual([400, 'INVALID_STATE']);
    const note = await upload(client, 'a.md', Buffer.from('\ufeff# Words'));
    expect(note).toMatchObject({ type: 'file', fileType: 'markdown', preview: '# Words' });
    expect(await client.get<{ content: string }>('entities.content', { id: note.id })).toMatchObject({
      content: '\ufeff# Words',
    });
  });

  it('that is longer than a text may be is not gathered as one', async () => {
    const long = Buffer.alloc(10 * 1024 * 1024 + 1, 'words ');
    const entity = await upload(client, 'long.md', long);
    expect(entity).toMatchObject({ fileType: 'other', fileSize: long.length, preview: '' });
    const { error } = await client.query('entities.content', { id: entity.id });
    expect(error?.data.reason).toBe('INVALID_STATE');
    expect((await client.bytes(entity.id)).equals(long)).toBe(true);
  });

  it('that begins as Markdown and is none is a file', async () => {
    const bytes = Buffer.concat([Buffer.alloc(40_000, 'text '), Buffer.from([0xff, 0xfe])]);
    expect(await upload(client, 'a.md', bytes)).toMatchObject({ fileType: 'other', preview: '' });
  });

  it('without content has no address', async () => {
    const { id } = await client.do<Entity>('entities.create', { type: 'idea', title: 'x' });
    const answer = await answerOf(
      await client.fetch(`/trpc/files.url?input=${encodeURIComponent(JSON.stringify({ id }))}`),
    );
    expect([answer.status, answer.error?.data.reason]).toEqual([400, 'INVALID_STATE']);
  });
});
