import { describe, expect, it } from 'vitest';
import { codeOf, forEach, keysOf, pieces, SLOW_MS, type Suite } from './suite.ts';

const HOSTILE_KEYS: Readonly<Record<string, string>> = {
  'a parent': '../x',
  'a parent inside': 'a/../b',
  'an empty part': 'a//b',
  'an absolute path': '/a',
  'a folder': 'a/',
  'a backslash': 'a\\b',
  'an encoded parent': '%2e%2e/x',
  'a NUL': 'a\u0000b',
  '2,000 bytes': `${'a/'.repeat(999)}ab`,
  'a lone surrogate': 'a\ud800b',
  'a hidden name': '.tmp/x',
  nothing: '',
};

/** Finding objects, and who may not reach which. */
export function accessSuite({ store, fresh }: Suite): void {
  describe('listing', () => {
    it('is in the byte order of the keys, by any prefix', async () => {
      const folder = fresh('f');
      const names = ['a', 'a-b', 'a.txt', 'ab/x', 'ab/y/z', 'b', 'b0c', 'é', '\uff5e', '\u{1f344}'];
      await forEach(names, (name) => store().upload(`${folder}/${name}`, name));
      const listed = await keysOf(store(), folder);
      const sorted = names.map((name) => Buffer.from(`${folder}/${name}`)).sort(Buffer.compare);
      expect(listed).toEqual(sorted.map(String));
      expect(await keysOf(store(), `${folder}/a`)).toEqual(
        ['a', 'a-b', 'a.txt', 'ab/x', 'ab/y/z'].map((name) => `${folder}/${name}`),
      );
      expect(await keysOf(store(), `${folder}/ab/`)).toEqual([`${folder}/ab/x`, `${folder}/ab/y/z`]);
      expect(await keysOf(store(), `${folder}/ab/y/z`)).toEqual([`${folder}/ab/y/z`]);
      expect(await keysOf(store(), `${folder}/nothing`)).toEqual([]);
      expect(await keysOf(store(), `${folder}/a/`)).toEqual([]);
    });

    it('puts a folder in its place among its neighbours', async () => {
      const folder = fresh('f');
      const names = ['x!y', 'x-y', 'x.y', 'x/y', 'x0', 'x1/y', 'xa'];
      await forEach(names, (name) => store().upload(`${folder}/${name}`, name));
      expect(await keysOf(store(), `${folder}/`)).toEqual(names.map((name) => `${folder}/${name}`));
    });

    it('tells size and time', async () => {
      const key = fresh();
      await store().upload(key, '12345');
      for await (const { size, lastModified } of store().list(key)) {
        expect(size).toBe(5);
        expect(Math.abs(Date.now() - lastModified.getTime())).toBeLessThan(SLOW_MS);
      }
    });

    it('goes over more than a page', async () => {
      const folder = fresh('f');
      const keys = Array.from({ length: 1_005 }, (_, index) => `${folder}/${String(index).padStart(4, '0')}`);
      await forEach(keys, (key) => store().upload(key, ''));
      expect(await keysOf(store(), `${folder}/`)).toEqual(keys);
    });

    it.each(['../', '..', '/', 'a//', '.', '.tmp/', '.meta/', 'a\\', 'a\u0000', '\ud83d'])(
      'finds nothing that begins with %j',
      async (prefix) => expect(await keysOf(store(), prefix)).toEqual([]),
    );
  });

  describe('hostile keys', () => {
    it.each(Object.entries(HOSTILE_KEYS))('refuses %s', async (_, key) => {
      expect(await codeOf(store().upload(key, 'x'))).toBe('INVALID_STORAGE_KEY');
      expect(await codeOf(store().uploadStream(key, pieces(Buffer.from('x'))))).toBe('INVALID_STORAGE_KEY');
      expect(await codeOf(store().download(key))).toBe('INVALID_STORAGE_KEY');
      expect(await codeOf(store().downloadBuffer(key))).toBe('INVALID_STORAGE_KEY');
      expect(await codeOf(store().downloadStream(key))).toBe('INVALID_STORAGE_KEY');
      expect(await codeOf(store().delete(key))).toBe('INVALID_STORAGE_KEY');
      expect(await codeOf(store().exists(key))).toBe('INVALID_STORAGE_KEY');
      expect(await codeOf(store().getMetadata(key))).toBe('INVALID_STORAGE_KEY');
      expect(await codeOf(store().getSignedUrl(key))).toBe('INVALID_STORAGE_KEY');
    });

    it('takes the longest key there may be', async () => {
      const key = `${fresh('')}${`${'n'.repeat(250)}/`.repeat(5)}`.slice(0, 1024);
      await store().upload(key, 'x', { metadata: { a: 'b' } });
      expect(await store().getMetadata(key)).toMatchObject({ size: 1, metadata: { a: 'b' } });
    });
  });

  describe('signed URLs', () => {
    it('read the one object', async () => {
      const key = fresh('a b+ü.md');
      await store().upload(key, 'signed');
      const response = await fetch(await store().getSignedUrl(key, 60));
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('signed');
    });

    it('are refused when anything is changed', async () => {
      const key = fresh('a.md');
      const other = key.replace(/a\.md$/, 'b.md');
      await store().upload(key, 'signed');
      await store().upload(other, 'another');
      const url = await store().getSignedUrl(key, 60);
      const changed = [
        url.replace('a.md', 'b.md'),
        url.replace(/(signature=)(.)/i, (_, name: string, first: string) => name + (first === '0' ? '1' : '0')),
        url.replace(/(expires=)(\d+)/i, (_, name: string, seconds: string) => name + (Number(seconds) + 60)),
        url.replace(/[&?](?:X-Amz-)?signature=[^&]*/i, ''),
      ];
      for (const address of changed) {
        expect(address).not.toBe(url);
        const response = await fetch(address);
        await response.body?.cancel();
        expect([400, 401, 403]).toContain(response.status);
      }
    });

    it('ask for the headers of the answer, and nobody can ask for others', async () => {
      const key = fresh('a.bin');
      await store().upload(key, 'signed');
      const contentDisposition = `attachment; filename="a \\"b\\".txt"; filename*=UTF-8''%C3%BC%20b.txt`;
      const url = await store().getSignedUrl(key, 60, { contentType: 'text/plain', contentDisposition });
      // The simulator of R2 answers with the object's own all the same, so this is about the question.
      expect(new URL(url).searchParams.get('response-content-type')).toBe('text/plain');
      expect(new URL(url).searchParams.get('response-content-disposition')).toBe(contentDisposition);
      expect(await (await fetch(url)).text()).toBe('signed');
      for (const address of [
        url.replace('text%2Fplain', 'text%2Fhtml'),
        url.replace(/[&?]response-content-disposition=[^&]*/, ''),
        url.replace('response-content-type=', 'response-content-encoding='),
      ]) {
        expect(address).not.toBe(url);
        const refused = await fetch(address);
        await refused.body?.cancel();
        expect([400, 401, 403]).toContain(refused.status);
      }
    });

    it('are refused after they have expired', async () => {
      const key = fresh();
      await store().upload(key, 'signed');
      const url = await store().getSignedUrl(key, 1);
      await new Promise((done) => setTimeout(done, 2_100));
      const response = await fetch(url);
      await response.body?.cancel();
      // R2 itself answers either to an expired one.
      expect([400, 401, 403]).toContain(response.status);
    });

    it.each([0, -1, 1.5, 604_801, Number.NaN, Number.POSITIVE_INFINITY])('do not last %d seconds', async (seconds) => {
      const key = fresh();
      await store().upload(key, 'x');
      expect(await codeOf(store().getSignedUrl(key, seconds))).toBe('VALIDATION_FAILED');
    });
  });
}
