import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { putFile } from '../src/import/put-file.ts';
import { jsonLines, type Result, run, temporaryFolder } from './cli-driver.ts';
import { write } from './vault.ts';

vi.setConfig({ testTimeout: 60_000 });

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let root: string;
let server: Server;
/** What the server answers next to a request; what it did not foresee is a fault of the test. */
let answerTo: (request: IncomingMessage, url: URL) => Answer;

beforeEach(async () => {
  folder = await temporaryFolder();
  root = join(folder.path, 'files');
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { status, body } = answerTo(request, new URL(request.url ?? '', 'http://host'));
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body instanceof Buffer ? body : JSON.stringify(body));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  await once(server.close(), 'close');
  await folder.remove();
});

function synap(...args: string[]): Promise<Result> {
  const env = { SYNAP_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, SYNAP_API_KEY: 'key' };
  return run([...args, '--json', '--data', folder.path], { env });
}

const data = (value: unknown): Answer => ({ status: 200, body: { result: { data: value } } });
const failure = (status: number, code: string): Answer => ({ status, body: { error: { code, message: `${code}!` } } });
const BUSY = [failure(503, 'OVERLOADED'), failure(429, 'TOO_MANY_ATTEMPTS'), failure(503, 'STORAGE_UNAVAILABLE')];

describe('synap import', () => {
  /** A server that knows nothing yet and answers to each file what is given for it, in turn, and then that it has it. */
  function answerFiles(answers: Readonly<Record<string, readonly Answer[]>>): void {
    const left = new Map(Object.entries(answers).map(([path, list]) => [path, [...list]]));
    answerTo = (_, url) => {
      if (url.pathname === '/trpc/imports.known') return data({ items: [], nextCursor: null });
      if (url.pathname === '/trpc/imports.finish') {
        const links = { resolved: 0, missing: 0, created: 0, removed: 0 };
        return data({ links, missing: [], unread: [], nextCursor: null });
      }
      const next = left.get(url.searchParams.get('path') ?? '')?.shift();
      return next ?? { status: 200, body: { action: 'create', entityId: 'id', warnings: [] } };
    };
  }

  it('tells a file that the server does not take by name, whatever the reason, and goes on', async () => {
    const answers = {
      'a.md': [failure(500, 'CHECKSUM_MISMATCH')],
      'b.md': [failure(404, 'OBJECT_NOT_FOUND')],
      'c.md': [failure(500, 'INTERNAL')],
      'd.md': [],
    };
    for (const path of Object.keys(answers)) await write(root, path, path);
    answerFiles(answers);
    const result = await synap('import', root);
    expect(result).toMatchObject({ code: 1, stderr: '' });
    expect(jsonLines(result)[0]).toMatchObject({
      created: 1,
      refused: [
        { path: 'a.md', code: 'CHECKSUM_MISMATCH', message: 'CHECKSUM_MISMATCH!' },
        { path: 'b.md', code: 'OBJECT_NOT_FOUND' },
        { path: 'c.md', code: 'INTERNAL' },
      ],
    });
  });

  it('keeps nothing of a large file that it has sent', async () => {
    answerFiles({});
    const MIB = 1024 * 1024;
    const size = 384 * MIB;
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    async function* content() {
      for (let sent = 0; sent < size; sent += MIB) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        yield Buffer.alloc(MIB, sent / MIB);
      }
    }
    const open = async () => Readable.from(content(), { objectMode: false });
    const file = { path: 'large.bin', size, modifiedAt: '2020-01-01T00:00:00.000Z', open };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await putFile({ url }, 'files', { file, sha256: 'any' })).toMatchObject({ action: 'create' });
    expect(most).toBeLessThan(size / 2);
  });

  it('waits for a server that is busy', async () => {
    for (const path of ['a.md', 'b.md']) await write(root, path, path);
    answerFiles({ 'a.md': BUSY });
    const result = await synap('import', root);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(jsonLines(result)[0]).toMatchObject({ created: 2, refused: [] });
  });

  it.each([
    [401, 'UNAUTHENTICATED', 2],
    [403, 'INSUFFICIENT_SCOPE', 1],
    [503, 'STORAGE_FULL', 1],
  ])('stops at %i %s, which is of no one file', async (status, code, exitCode) => {
    await write(root, 'a.md', 'a');
    answerFiles({ 'a.md': [failure(status, code)] });
    const result = await synap('import', root);
    expect(result.code).toBe(exitCode);
    expect(result.stderr).not.toContain('unexpected');
    expect(result.stdout.toString()).toBe('');
  });
});

describe('synap export', () => {
  const ENTITY = {
    ...{ id: 'id', type: 'note', title: 'a', preview: 'a', tags: [], path: 'a.md', version: 1, fileType: 'markdown' },
    ...{ checksum: 'sha256:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=', fileSize: 1, origin: undefined },
    ...{ createdAt: '2020-01-01T00:00:00.000Z', updatedAt: '2020-01-01T00:00:00.000Z', deletedAt: null },
  };

  it.each(['out', 'out.zip'])('waits for a server that is busy: to %s', async (name) => {
    const answers = [...BUSY];
    const pages = [failureOfProcedure(429, 'TOO_MANY_ATTEMPTS'), failureOfProcedure(503, 'OVERLOADED')];
    let asked = 0;
    answerTo = (_, url) => {
      if (url.pathname !== '/trpc/entities.list') return answers.shift() ?? { status: 200, body: Buffer.from('a') };
      // The first question is not asked again: a server that is not there at the beginning is not waited for.
      return asked++ > 0 && pages.length > 0 ? (pages.shift() as Answer) : page(url);
    };
    const page = (url: URL) => {
      const isFirst = !(url.searchParams.get('input') ?? '').includes('cursor');
      return data(isFirst ? { items: [ENTITY], nextCursor: 'next' } : { items: [], nextCursor: null });
    };
    const result = await synap('export', join(folder.path, name));
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(jsonLines(result)[0]).toMatchObject({ files: 1, problems: [] });
    if (name === 'out') expect(await readFile(join(folder.path, 'out/a.md'), 'utf8')).toBe('a');
  });

  it.each([
    [503, 'OVERLOADED'],
    [429, 'TOO_MANY_ATTEMPTS'],
  ])('that gets nothing but %i ends as if nobody were there', async (status, code) => {
    answerTo = () => failureOfProcedure(status, code);
    const result = await synap('export', join(folder.path, 'out'));
    expect(result).toMatchObject({ code: 3, stderr: expect.stringContaining(`${code}!`) });
    answerTo = () => failure(status, code);
    expect(await synap('get', 'id', '--content', '--output', join(folder.path, 'a'))).toMatchObject({ code: 3 });
  });
});

function failureOfProcedure(status: number, reason: string): Answer {
  return {
    status,
    body: { error: { message: `${reason}!`, code: -32603, data: { code: 'X', httpStatus: status, reason } } },
  };
}
