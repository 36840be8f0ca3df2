import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { checksumOf, isSynapError } from '@synap/types';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ObjectStorage, R2Storage, type R2StorageOptions } from '../src/index.ts';
import { type S3Simulator, startS3Simulator } from '../src/testing.ts';

const code = (name: string) => expect.objectContaining({ name: 'SynapError', code: name });
let keys = 0;
const freshKey = () => `faults/${keys++}.md`;

let simulator: S3Simulator;
const toClose: (() => unknown)[] = [];

beforeAll(async () => {
  simulator = await startS3Simulator();
}, 60_000);
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});
afterAll(() => simulator.close());

function storageOf(options: Partial<R2StorageOptions> = {}): R2Storage {
  const { endpoint, bucketName, accessKeyId, secretAccessKey } = simulator;
  const storage = new R2Storage({
    endpoint,
    bucketName,
    accessKeyId,
    secretAccessKey,
    requestTimeoutMs: 20_000,
    ...options,
  });
  toClose.push(() => storage.close());
  return storage;
}

async function serve(
  handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<string> {
  const server = createServer((request, response) => {
    // A fault of the test's own server breaks the connection, and so the test.
    Promise.resolve(handle(request, response)).catch((error: Error) => request.destroy(error));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  toClose.push(() => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Stands before the simulator; `lose` says which answers never arrive, after the simulator has done the work. */
async function losing(lose: (request: IncomingMessage) => boolean): Promise<string> {
  const { origin, pathname } = new URL(simulator.endpoint);
  const proxy = await serve(async (request, response) => {
    const body = await bodyOf(request);
    const { method, headers } = request;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(`${origin}${request.url}`, { method, headers }, resolve).on('error', reject).end(body);
    });
    const whole = await bodyOf(answer);
    if (lose(request)) request.socket.destroy();
    else response.writeHead(answer.statusCode ?? 500, answer.headers).end(whole);
  });
  return proxy + pathname;
}

const OPERATIONS: Readonly<Record<string, (storage: ObjectStorage) => Promise<unknown>>> = {
  upload: (storage) => storage.upload(freshKey(), 'x'),
  download: (storage) => storage.download(freshKey()),
  downloadStream: (storage) => storage.downloadStream(freshKey()),
  delete: (storage) => storage.delete(freshKey()),
  exists: (storage) => storage.exists(freshKey()),
  getMetadata: (storage) => storage.getMetadata(freshKey()),
  getSignedUrl: (storage) => storage.getSignedUrl(freshKey()),
  list: (storage) => storage.list('faults/')[Symbol.asyncIterator]().next(),
};

async function expectAll(storage: ObjectStorage, expected: string): Promise<void> {
  const found: Record<string, string> = {};
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    found[name] = await operation(storage).then(
      () => 'fulfilled',
      (error: unknown) => (isSynapError(error) ? error.code : String(error)),
    );
  }
  expect(found).toEqual(Object.fromEntries(Object.keys(OPERATIONS).map((name) => [name, expected])));
}

describe('R2: a stream that nobody wants any more', () => {
  /** Serves the beginning of a large object and waits for the connection to end. */
  async function unfinished() {
    let ended = 0;
    let asked = 0;
    const endpoint = await serve((request, response) => {
      asked++;
      response.on('close', () => ended++);
      response.writeHead(200, { 'content-length': '50000000', 'content-type': 'text/plain' });
      response.write('x'.repeat(1_000));
    });
    return { storage: storageOf({ endpoint, maxAttempts: 1 }), connections: () => [asked, ended] };
  }

  it.each([
    ['before its first piece', 0],
    ['after its first piece', 1],
  ])('lets go of its connection: %s', async (_when, pieces) => {
    const { storage, connections } = await unfinished();
    for (const options of [{}, { checksum: checksumOf(Buffer.from('x')) }, { range: { start: 0, end: 49_999_999 } }]) {
      const stream = await storage.downloadStream(freshKey(), options);
      const iterator = stream[Symbol.asyncIterator]();
      // A checked stream holds the last piece back that it has, so it gives none of the one that has come.
      if (pieces > 0 && !options.checksum) await iterator.next();
      await iterator.return?.();
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    }
    await vi.waitFor(() => expect(connections()).toEqual([3, 3]), { timeout: 4_000 });
  });

  it('lets go of its connection while a piece is on its way', async () => {
    const { storage, connections } = await unfinished();
    const iterator = (await storage.downloadStream(freshKey(), { checksum: checksumOf(Buffer.from('x')) }))[
      Symbol.asyncIterator
    ]();
    const pending = iterator.next().catch(() => 'broken off');
    await iterator.return?.();
    await pending;
    await vi.waitFor(() => expect(connections()).toEqual([1, 1]), { timeout: 4_000 });
  });
});

describe('R2: faults are told apart', () => {
  it('a wrong secret', () => expectAll(storageOf({ secretAccessKey: 'wrong' }), 'STORAGE_ACCESS_DENIED'));
  it('a wrong key id', () => expectAll(storageOf({ accessKeyId: 'wrong' }), 'STORAGE_ACCESS_DENIED'));
  it('no such bucket', () => expectAll(storageOf({ bucketName: 'another' }), 'CONFIGURATION_INVALID'));

  it('a port where nobody listens', async () => {
    const endpoint = await serve(() => {});
    for (const close of toClose.splice(0)) await close();
    await expectAll(storageOf({ endpoint, maxAttempts: 1 }), 'STORAGE_UNAVAILABLE');
  });

  it('a host that does not exist', () =>
    expectAll(storageOf({ endpoint: 'http://nowhere.invalid', maxAttempts: 1 }), 'STORAGE_UNAVAILABLE'));

  it('a server that says nothing', async () => {
    const endpoint = await serve(() => {});
    await expectAll(storageOf({ endpoint, requestTimeoutMs: 100, maxAttempts: 1 }), 'STORAGE_UNAVAILABLE');
  });

  it('a server that hangs up', async () => {
    const endpoint = await serve((request) => void request.socket.destroy());
    await expectAll(storageOf({ endpoint, maxAttempts: 1 }), 'STORAGE_UNAVAILABLE');
  });

  it.each([
    [500, 'InternalError', 'STORAGE_UNAVAILABLE'],
    [503, 'SlowDown', 'STORAGE_UNAVAILABLE'],
    [429, 'TooManyRequests', 'STORAGE_UNAVAILABLE'],
    [401, 'Unauthorized', 'STORAGE_ACCESS_DENIED'],
    [403, 'AccessDenied', 'STORAGE_ACCESS_DENIED'],
    [507, 'XMinioStorageFull', 'STORAGE_FULL'],
    [400, 'InvalidArgument', 'CONFIGURATION_INVALID'],
  ])('a %d %s', async (status, name, expected) => {
    const endpoint = await serve((_, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${name}</Code><Message>No.</Message></Error>`);
    });
    await expectAll(storageOf({ endpoint, maxAttempts: 1 }), expected);
  });

  it('a web server that is no object store', async () => {
    const endpoint = await serve((_, response) => {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html><body>Not here.</body></html>');
    });
    await expectAll(storageOf({ endpoint, maxAttempts: 1 }), 'CONFIGURATION_INVALID');
  });

  it('the cause is kept, and no key is told', async () => {
    const key = freshKey();
    const error = await storageOf()
      .download(key)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'OBJECT_NOT_FOUND', cause: { name: 'NoSuchKey' } });
    expect(JSON.stringify(error)).not.toContain(key);
  });
});

describe('R2: an answer that is lost', () => {
  it('once, does not make the upload its own rival', async () => {
    let puts = 0;
    const storage = storageOf({ endpoint: await losing(({ method }) => method === 'PUT' && ++puts === 1) });
    const key = freshKey();
    await storage.upload(key, 'mine');
    expect(puts).toBe(2);
    expect(await storage.download(key)).toBe('mine');
    await expect(storage.upload(key, 'mine')).rejects.toEqual(code('OBJECT_EXISTS'));
  });

  it('every time, is asked for', async () => {
    const storage = storageOf({ endpoint: await losing(({ method }) => method === 'PUT'), maxAttempts: 1 });
    const key = freshKey();
    await storage.upload(key, 'mine');
    expect(await storage.download(key)).toBe('mine');
  });

  it('does not hide that somebody else was first, with the same content even', async () => {
    const key = freshKey();
    await storageOf().upload(key, 'same');
    const storage = storageOf({ endpoint: await losing(({ method }) => method === 'PUT'), maxAttempts: 1 });
    await expect(storage.upload(key, 'same')).rejects.toEqual(code('OBJECT_EXISTS'));
  });

  it('leaves the put unavailable when nobody can be asked', async () => {
    const storage = storageOf({ endpoint: await losing(() => true), maxAttempts: 1 });
    await expect(storage.upload(freshKey(), 'x')).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
  });
});

describe('R2: a store that does not keep its word', () => {
  const answers = (put: (count: number) => number, head: Record<string, string> | undefined) => {
    let puts = 0;
    return serve(async (request, response) => {
      await bodyOf(request);
      if (request.method === 'PUT') response.writeHead(put(++puts), { etag: '"0"' }).end();
      // HEAD of the bucket answers, so that a missing object is just that.
      else if (request.url === '/bucket' || request.url === '/bucket/') response.end();
      else if (head === undefined) response.writeHead(404).end();
      else response.writeHead(200, head).end();
    });
  };
  const at = async (endpoint: Promise<string>) =>
    storageOf({ endpoint: await endpoint, bucketName: 'bucket', maxAttempts: 1 });

  it('is found out when it has nothing', async () => {
    const storage = await at(answers(() => 200, undefined));
    await expect(storage.upload(freshKey(), 'x')).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
  });

  it('is found out when it has something else', async () => {
    let attempt = '';
    const endpoint = await serve(async (request, response) => {
      await bodyOf(request);
      attempt ||= String(request.headers['x-amz-meta-synap-attempt']);
      response
        .writeHead(200, {
          etag: '"0"',
          'content-length': request.method === 'HEAD' ? '7' : '0',
          'x-amz-meta-synap-attempt': attempt,
        })
        .end();
    });
    await expect(storageOf({ endpoint, maxAttempts: 1 }).upload(freshKey(), 'x')).rejects.toEqual(
      code('CHECKSUM_MISMATCH'),
    );
  });

  it('is asked again when two puts met', async () => {
    let puts = 0;
    const endpoint = await serve(async (request, response) => {
      await bodyOf(request);
      if (request.method === 'PUT' && ++puts === 1) response.writeHead(409).end();
      // The MD5 of "x".
      else if (request.method === 'PUT') response.writeHead(200, { etag: '"9dd4e461268c8034f5c8564e155c67a6"' }).end();
      else response.writeHead(request.url === '/bucket' || request.url === '/bucket/' ? 200 : 404).end();
    });
    await storageOf({ endpoint, bucketName: 'bucket', maxAttempts: 1 }).upload(freshKey(), 'x');
    expect(puts).toBe(2);
  });

  it('is not asked for ever', async () => {
    const storage = await at(answers(() => 409, undefined));
    await expect(storage.upload(freshKey(), 'x')).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
  });

  it.each(['stops in the middle', 'hangs up in the middle'])('is no damage when it %s', async (what) => {
    const endpoint = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('some', () => what === 'hangs up in the middle' && response.destroy());
    });
    const storage = storageOf({ endpoint, maxAttempts: 1, requestTimeoutMs: 500 });
    await expect(storage.download(freshKey())).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
    const stream = await storage.downloadStream(freshKey());
    const read = async () => {
      for await (const chunk of stream) expect(String(chunk)).toBe('some');
    };
    await expect(read()).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
  });
});

describe('R2: what is kept beside the content', () => {
  it('lets damage be found without a checksum of the caller', async () => {
    const storage = storageOf();
    const key = freshKey();
    await storage.upload(key, 'right');
    const { Metadata } = await raw().send(new HeadObjectCommand({ Bucket: simulator.bucketName, Key: key }));
    await raw().send(new PutObjectCommand({ Bucket: simulator.bucketName, Key: key, Body: 'wrong', Metadata }));
    await expect(storage.download(key)).rejects.toEqual(code('CHECKSUM_MISMATCH'));
  });

  it('is readable with any tool', async () => {
    const key = freshKey();
    const { checksum } = await storageOf().upload(key, 'x', { metadata: { plain: 'a value', userId: 'u_1' } });
    const { Metadata } = await raw().send(new HeadObjectCommand({ Bucket: simulator.bucketName, Key: key }));
    expect(Metadata).toEqual({
      plain: 'a value',
      'synap-metadata': '{"userId":"u_1"}',
      'synap-sha256': checksum.slice('sha256:'.length),
      'synap-attempt': expect.any(String),
    });
  });

  it('of other programs is left alone', async () => {
    const Bucket = simulator.bucketName;
    for (const Key of ['foreign/.hidden', 'foreign//x', 'foreign/folder/', 'foreign/ok']) {
      await raw().send(new PutObjectCommand({ Bucket, Key, Body: 'x', Metadata: { theirs: 'yes' } }));
    }
    const storage = storageOf();
    const listed: string[] = [];
    for await (const { key } of storage.list('foreign/')) listed.push(key);
    expect(listed).toEqual(['foreign/ok']);
    expect(await storage.download('foreign/ok')).toBe('x');
    expect((await storage.getMetadata('foreign/ok')).metadata).toEqual({ theirs: 'yes' });
  });

  let client: S3Client | undefined;
  afterAll(() => client?.destroy());
  function raw(): S3Client {
    const { endpoint, accessKeyId, secretAccessKey } = simulator;
    client ??= new S3Client({
      endpoint,
      region: 'auto',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    return client;
  }
});

describe('R2: limits and options', () => {
  it('refuses a stream of more than 64 MiB', async () => {
    const storage = storageOf();
    const key = freshKey();
    const chunk = Buffer.alloc(1024 * 1024);
    let sent = 0;
    async function* endless() {
      for (;;) {
        sent++;
        yield chunk;
      }
    }
    await expect(storage.uploadStream(key, endless())).rejects.toEqual(code('CONTENT_TOO_LARGE'));
    expect(sent).toBe(65);
    expect(await storage.exists(key)).toBe(false);
  });

  it('keeps 5 MiB', async () => {
    const storage = storageOf();
    const key = freshKey();
    const bytes = Buffer.alloc(5 * 1024 * 1024, 'synap');
    const { checksum } = await storage.upload(key, bytes);
    expect(bytes.equals(await storage.downloadBuffer(key, { checksum }))).toBe(true);
  });

  it.each([
    ['no address', { endpoint: undefined }],
    ['an address that is none', { endpoint: 'nonsense' }],
    ['another protocol', { endpoint: 'ftp://example.org' }],
    ['an account that would be another host', { endpoint: undefined, accountId: 'evil.example.org/' }],
    ['no key id', { accessKeyId: '' }],
    ['no secret', { secretAccessKey: '' }],
    ['no bucket', { bucketName: '' }],
  ])('refuses %s', (_, wrong) => {
    const options = { endpoint: 'http://localhost', accessKeyId: 'a', secretAccessKey: 's', bucketName: 'b', ...wrong };
    expect(() => new R2Storage(options as R2StorageOptions)).toThrowError(code('CONFIGURATION_INVALID'));
  });

  it('makes the address of an account', async () => {
    const storage = new R2Storage({ accountId: 'abc123', accessKeyId: 'a', secretAccessKey: 's', bucketName: 'b' });
    await storage.close();
    expect(storage.kind).toBe('r2');
  });
});
