import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { ApiError } from '../src/api/errors.ts';
import { hashOf } from '../src/import/hash.ts';
import type { FileResult, ImportApi } from '../src/import/import-api.ts';
import { type Progress, runImport } from '../src/import/run-import.ts';
import { isHidden, type Source, type SourceFile, sourceOf } from '../src/import/source-file.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest();

function file(path: string, text = path, open?: () => Promise<Blob>): SourceFile {
  return {
    path,
    size: text.length,
    modifiedAt: '2024-01-01T00:00:00.000Z',
    open: open ?? (async () => new Blob([text])),
  };
}

/** A server that knows some files and remembers what it is sent. */
function server(
  known: Readonly<Record<string, string>> = {},
  send?: (path: string, attempt: number) => Promise<FileResult>,
) {
  const sent: { path: string; text: string; from: string | undefined }[] = [];
  const attempts = new Map<string, number>();
  let atOnce = 0;
  let most = 0;
  const links = { resolved: 1, missing: 1, created: 1, removed: 0 };
  const api: ImportApi = {
    known: async () => ({
      items: Object.entries(known).map(([path, text]) => {
        const checksum = `sha256:${sha256(text).toString('base64')}`;
        return { entityId: path, path, checksum, entityChecksum: checksum, deleted: false };
      }) as never,
      nextCursor: null,
    }),
    send: async (_source, { path, from, sha256: hash }, bytes) => {
      const attempt = (attempts.get(path) ?? 0) + 1;
      attempts.set(path, attempt);
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setTimeout(resolve, 1));
      atOnce--;
      const text = await bytes.text();
      expect(hash).toBe(sha256(text).toString('hex'));
      const result = await send?.(path, attempt);
      sent.push({ path, text, from });
      return result ?? { action: 'create', entityId: path, warnings: [] };
    },
    finish: async (_source, cursor) => ({
      links,
      missing: [{ path: 'a', target: 'x' }],
      unread: cursor === undefined ? ['damaged.md'] : [],
      nextCursor: cursor === undefined ? 'b' : null,
    }),
  };
  return { api, sent, most: () => most, attempts };
}

function run(source: Source, api: ImportApi, signal = new AbortController().signal): Promise<Progress> {
  return runImport({ name: 's', source, api, signal, onProgress: () => undefined, wait: async () => undefined });
}

it('sends what is new or changed, a few at a time, and follows the links of all', async () => {
  const files = Array.from({ length: 40 }, (_, n) => file(`${n}.md`));
  const { api, sent, most } = server({ '0.md': '0.md', '1.md': 'older' });
  const progress = await run(sourceOf('s', files, true), api);
  expect(sent).toHaveLength(39);
  expect(most()).toBe(5);
  expect(progress).toMatchObject({
    step: 'done',
    counts: { unchanged: 1, create: 39 },
    links: { resolved: 2, missing: 2 },
    remarks: [{ path: 'damaged.md' }],
  });
});

it('recognises what was moved, if it sees the whole source', async () => {
  const { api, sent } = server({ 'old.md': 'text' });
  await run(sourceOf('s', [file('new.md', 'text')], true), api);
  expect(sent).toEqual([{ path: 'new.md', text: 'text', from: 'old.md' }]);
  const part = server({ 'old.md': 'text' });
  await run(sourceOf('s', [file('new.md', 'text')], false), part.api);
  expect(part.sent).toMatchObject([{ from: undefined }]);
});

it('takes nothing for moved while a file cannot be read, nor what was refused', async () => {
  const unreadable = file('locked.md', 'x', async () => Promise.reject(new Error('NotReadable')));
  const locked = server({ 'old.md': 'text' });
  await run(sourceOf('s', [file('new.md', 'text'), unreadable], true), locked.api);
  expect(locked.sent).toEqual([{ path: 'new.md', text: 'text', from: undefined }]);

  const refused = server({ 'old.md': 'text' });
  const source = {
    ...sourceOf('s', [file('new.md', 'text')], true),
    refused: [{ path: 'old.md', message: 'A trap.' }],
  };
  const progress = await run(source, refused.api);
  expect(refused.sent).toEqual([{ path: 'new.md', text: 'text', from: undefined }]);
  expect(progress.counts).toMatchObject({ create: 1, refused: 1 });
  expect(progress.remarks).toContainEqual({ path: 'old.md', message: 'A trap.' });
});

it('reports what cannot be brought in, and brings in the rest', async () => {
  const { api, sent } = server({}, async (path) => {
    if (path === 'large.md') throw new ApiError(413, 'CONTENT_TOO_LARGE', 'too large');
    return { action: 'create', entityId: path, warnings: path === 'odd.md' ? [{ code: 'X', message: 'Odd.' }] : [] };
  });
  const files = [
    file('../out.md'),
    file('gone.md', 'x', async () => Promise.reject(new Error('NotReadable'))),
    file('large.md'),
    file('odd.md'),
    file('cafe\u0301.md'),
    file('caf\u00e9.md'),
  ];
  const progress = await run(sourceOf('s', files, true), api);
  expect(sent.map(({ path }) => path).sort()).toEqual(['caf\u00e9.md', 'odd.md']);
  expect(progress.counts).toMatchObject({ create: 2, refused: 4 });
  expect(progress.remarks.map(({ path }) => path).sort()).toEqual(
    ['../out.md', 'caf\u00e9.md', 'damaged.md', 'gone.md', 'large.md', 'odd.md'].sort(),
  );
});

it('tries again where there was no answer, and gives up where nothing goes', async () => {
  const shaky = server({}, async (path, attempt) => {
    if (attempt < 3) throw new TypeError('Failed to fetch');
    return { action: 'create', entityId: path, warnings: [] };
  });
  expect(await run(sourceOf('s', [file('a.md')], true), shaky.api)).toMatchObject({
    step: 'done',
    counts: { create: 1 },
  });

  const dead = server({}, async () => Promise.reject(new ApiError(401, 'UNAUTHENTICATED', 'no')));
  const files = Array.from({ length: 20 }, (_, n) => file(`${n}.md`));
  await expect(run(sourceOf('s', files, true), dead.api)).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
  expect(dead.attempts.size).toBeLessThanOrEqual(5);
});

it('stops when it is told to', async () => {
  const controller = new AbortController();
  const { api, sent } = server({}, async (path) => {
    controller.abort();
    return { action: 'create', entityId: path, warnings: [] };
  });
  const files = Array.from({ length: 20 }, (_, n) => file(`${n}.md`));
  await expect(run(sourceOf('s', files, true), api, controller.signal)).rejects.toThrow(/abort/);
  expect(sent.length).toBeLessThanOrEqual(5);
});

it('leaves out what is hidden', () => {
  for (const path of ['.obsidian/app.json', 'a/.git/x', '.DS_Store', '__MACOSX/a.md', 'a/Thumbs.db'])
    expect(isHidden(path)).toBe(true);
  for (const path of ['a.md', 'a.b/c.md', 'a/x.']) expect(isHidden(path)).toBe(false);
});

it('hashes in pieces', async () => {
  const text = 'x'.repeat(3_000_000);
  expect(await hashOf(new Blob([text]))).toBe(sha256(text).toString('hex'));
});
