import { hash, randomBytes } from 'node:crypto';
import { checksumOf, type Entity } from '@synap/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, keysOf, type TestServer, testServer } from './server.ts';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await testServer();
  client = await server.client();
});
afterAll(() => server.close());

interface Target {
  readonly uploadId: string;
  readonly url: string;
  readonly headers: Record<string, string>;
}

const announcement = (name: string, bytes: Uint8Array, contentType = 'application/octet-stream') => ({
  name,
  contentType,
  size: bytes.length,
  sha256: hash('sha256', bytes, 'hex'),
});

const put = (who: Client, { url, headers }: Target, bytes: Uint8Array | ReadableStream) =>
  who.fetch(url, {
    method: 'PUT',
    body: bytes as NonNullable<RequestInit['body']>,
    headers,
    duplex: 'half',
  } as RequestInit);

async function upload(name: string, bytes: Uint8Array, contentType?: string): Promise<Entity> {
  const target = await client.do<Target>('files.createUpload', announcement(name, bytes, contentType));
  const response = await put(client, target, bytes);
  expect([response.status, await response.text()]).toEqual([204, '']);
  return client.do<Entity>('files.complete', { uploadId: target.uploadId });
}

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('an upload', () => {
  it('becomes an entity of type file with the name as its title', async () => {
    const entity = await upload('holiday photo.png', PNG, 'image/png');
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
    const response = await client.fetch(`/api/v1/entities/${entity.id}/content`);
    expect(Buffer.from(await response.arrayBuffer()).equals(PNG)).toBe(true);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-disposition')).toBe('inline; filename="holiday photo.png"');
    const keys = (await keysOf(server.objects)).filter((key) => key.includes(entity.id));
    expect(keys).toEqual([
      expect.stringMatching(new RegExp(`^users/${client.userId}/files/${entity.id}/[^/]+\\.png$`)),
    ]);
  });

  it('takes a SHA-256 in base64 as well, and an empty file', async () => {
    const bytes = new Uint8Array();
    const target = await client.do<Target>('files.createUpload', {
      ...announcement('empty.txt', bytes),
      sha256: hash('sha256', bytes, 'base64'),
    });
    expect((await put(client, target, bytes)).status).toBe(204);
    const entity = await client.do<Entity>('files.complete', { uploadId: target.uploadId });
    expect(entity).toMatchObject({ fileSize: 0, checksum: checksumOf(bytes) });
    expect(await client.bytes(entity.id)).toHaveLength(0);
  });

  it('that is completed again, also from many at once, is one entity', async () => {
    const bytes = randomBytes(1000);
    const target = await client.do<Target>('files.createUpload', announcement('a.bin', bytes));
    await put(client, target, bytes);
    const { uploadId } = target;
    const entities = await Promise.all(
      Array.from({ length: 8 }, () => client.do<Entity>('files.complete', { uploadId })),
    );
    await client.do('entities.update', { id: entities[0]?.id, title: 'renamed' });
    entities.push(await client.do<Entity>('files.complete', { uploadId }));
    expect(new Set(entities.map((entity) => JSON.stringify(entity))).size).toBe(1);
    expect((await client.get<{ items: unknown[] }>('entities.history', { id: entities[0]?.id })).items).toHaveLength(2);
  });
});
