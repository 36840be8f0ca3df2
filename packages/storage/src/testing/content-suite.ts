import { checksumOf } from '@synap/types';
import { describe, expect, it } from 'vitest';
import { codeOf, keysOf, pieces, readAll, SLOW_MS, type Suite } from './suite.ts';

/** What is written is read, once and for all. */
export function contentSuite({ store, corrupt, fresh }: Suite): void {
  describe('round trip', () => {
    it.each([
      ['text', 'Buy milk\r\nand \u{1f344}\u0301\n'],
      ['a byte order mark', '\ufeffstays'],
      ['control characters', 'a\u0000b\u001f'],
      ['an empty text', ''],
    ])('keeps %s', async (_, text) => {
      const key = fresh();
      const written = await store().upload(key, text);
      const bytes = Buffer.from(text);
      expect(written).toMatchObject({ path: key, size: bytes.length, checksum: checksumOf(bytes) });
      expect(written.url).toBe(`/files/${key}`);
      expect(Math.abs(Date.now() - written.uploadedAt.getTime())).toBeLessThan(SLOW_MS);
      expect(await store().download(key, { checksum: written.checksum })).toBe(text);
      expect(await store().download(key)).toBe(text);
    });

    it.each([
      ['every byte', Buffer.from(Array.from({ length: 256 }, (_, index) => index))],
      ['no byte', Buffer.alloc(0)],
      ['1 MiB', Buffer.alloc(1024 * 1024, 'synap')],
    ])('keeps %s', async (_, bytes) => {
      const key = fresh('file.bin');
      const { checksum } = await store().upload(key, bytes);
      expect(bytes.equals(await store().downloadBuffer(key, { checksum }))).toBe(true);
      const stream = await store().downloadStream(key, { checksum });
      expect(bytes.equals(await readAll(stream))).toBe(true);
    });

    it('keeps the part of a larger buffer that it is given', async () => {
      const key = fresh();
      await store().upload(key, new Uint8Array(Buffer.from('a whole sentence')).subarray(2, 7));
      expect(await store().download(key)).toBe('whole');
    });

    it.each([
      'a b.md',
      'a+b.md',
      'ünï/\u{1f344}.md',
      '日本語/メモ.md',
      "a&b='c'.md",
      '(a)!~@,;$#[].md',
      ' lead.md',
      'noextension',
    ])('takes the key "%s"', async (file) => {
      const key = fresh(file);
      await store().upload(key, file);
      expect(await store().download(key)).toBe(file);
      expect(await store().exists(key)).toBe(true);
      expect(await keysOf(store(), key)).toEqual([key]);
      const response = await fetch(await store().getSignedUrl(key, 60));
      expect(await response.text()).toBe(file);
      await store().delete(key);
      expect(await store().exists(key)).toBe(false);
    });

    it('refuses text that UTF-8 cannot keep', async () => {
      const key = fresh();
      expect(await codeOf(store().upload(key, 'half \ud83d'))).toBe('INVALID_TEXT');
      expect(await store().exists(key)).toBe(false);
    });
  });

  describe('writing once', () => {
    it('refuses to overwrite, and leaves what stands there', async () => {
      const key = fresh();
      await store().upload(key, 'first', { contentType: 'text/x-first', metadata: { author: 'first' } });
      expect(await codeOf(store().upload(key, 'second', { metadata: { author: 'second' } }))).toBe('OBJECT_EXISTS');
      expect(await codeOf(store().upload(key, 'first'))).toBe('OBJECT_EXISTS');
      expect(await codeOf(store().uploadStream(key, pieces(Buffer.from('third'))))).toBe('OBJECT_EXISTS');
      expect(await store().download(key)).toBe('first');
      const { contentType, metadata } = await store().getMetadata(key);
      expect({ contentType, metadata }).toEqual({ contentType: 'text/x-first', metadata: { author: 'first' } });
    });

    it.each(['different contents', 'the same content'])('lets one of many win that write %s', async (what) => {
      const key = fresh();
      const contents = Array.from({ length: 12 }, (_, index) => (what === 'the same content' ? 'same' : `c${index}`));
      const codes = await Promise.all(
        contents.map((content, index) => codeOf(store().upload(key, content, { metadata: { writer: `${index}` } }))),
      );
      expect(codes.filter((code) => code !== 'OBJECT_EXISTS')).toEqual(['fulfilled']);
      const winner = codes.indexOf('fulfilled');
      expect(await store().download(key)).toBe(contents[winner]);
      expect((await store().getMetadata(key)).metadata).toEqual({ writer: `${winner}` });
    });

    it('takes a key again after it was deleted', async () => {
      const key = fresh();
      await store().upload(key, 'first', { metadata: { a: '1' } });
      await store().delete(key);
      await store().upload(key, 'second');
      expect(await store().download(key)).toBe('second');
      expect((await store().getMetadata(key)).metadata).toEqual({});
    });
  });

  describe('a part of an object', () => {
    it.each([
      ['the first byte', 0, 0],
      ['the middle', 70_000, 140_000],
      ['the last byte', 199_999, 199_999],
      ['everything', 0, 199_999],
      ['more than there is', 199_000, 300_000],
    ])('is %s', async (_, start, end) => {
      const key = fresh('part.bin');
      const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 31) % 251));
      await store().uploadStream(key, pieces(bytes.subarray(0, 100_000), bytes.subarray(100_000)));
      const part = await readAll(await store().downloadStream(key, { range: { start, end } }));
      expect(part.equals(bytes.subarray(start, end + 1))).toBe(true);
    });

    it.each([
      ['begins behind the end', 4, 9],
      ['ends before it begins', 2, 1],
      ['begins before the object', -1, 2],
      ['is no number', Number.NaN, 2],
      ['lies between bytes', 0.5, 2],
    ])('is refused if it %s', async (_, start, end) => {
      const key = fresh('part.bin');
      await store().upload(key, 'four');
      const { checksum } = await store().upload(fresh(), 'x');
      expect(await codeOf(store().downloadStream(key, { range: { start, end } }))).toBe('VALIDATION_FAILED');
      expect(await codeOf(store().downloadStream(key, { range: { start: 0, end: 1 }, checksum }))).toBe(
        'VALIDATION_FAILED',
      );
    });

    it('of what is missing is missing', async () => {
      expect(await codeOf(store().downloadStream(fresh(), { range: { start: 0, end: 1 } }))).toBe('OBJECT_NOT_FOUND');
    });
  });

  describe('what is missing', () => {
    it('is OBJECT_NOT_FOUND', async () => {
      const key = fresh();
      expect(await codeOf(store().download(key))).toBe('OBJECT_NOT_FOUND');
      expect(await codeOf(store().downloadBuffer(key))).toBe('OBJECT_NOT_FOUND');
      expect(await codeOf(store().downloadStream(key))).toBe('OBJECT_NOT_FOUND');
      expect(await codeOf(store().getMetadata(key))).toBe('OBJECT_NOT_FOUND');
      expect(await codeOf(store().getSignedUrl(key))).toBe('OBJECT_NOT_FOUND');
      expect(await store().exists(key)).toBe(false);
    });

    it('may be a folder, or lie below an object', async () => {
      const key = fresh('a/b.md');
      await store().upload(key, 'x');
      expect(await store().exists(key.slice(0, -'/b.md'.length))).toBe(false);
      expect(await codeOf(store().download(`${key}/c`))).toBe('OBJECT_NOT_FOUND');
    });

    it('can be deleted, again and again', async () => {
      const key = fresh();
      await store().delete(key);
      await store().upload(key, 'x');
      await store().delete(key);
      await store().delete(key);
      expect(await codeOf(store().download(key))).toBe('OBJECT_NOT_FOUND');
      expect(await keysOf(store(), key)).toEqual([]);
    });
  });

  describe('metadata', () => {
    it('tells size, time and the type of the extension', async () => {
      const key = fresh('a.PDF');
      await store().upload(key, '12345');
      const { size, lastModified, contentType, metadata } = await store().getMetadata(key);
      expect({ size, contentType, metadata }).toEqual({ size: 5, contentType: 'application/pdf', metadata: {} });
      // S3 tells whole seconds.
      expect(Math.abs(Date.now() - lastModified.getTime())).toBeLessThan(SLOW_MS);
    });

    it('comes back as it was given', async () => {
      const key = fresh('a.md');
      const metadata = {
        plain: 'a value',
        userId: 'Mixed',
        'with space': 'x',
        spaces: '  a  b ',
        empty: '',
        quote: '"\\%',
      };
      await store().upload(key, 'x', { contentType: 'application/x-note; version=2', metadata });
      expect(await store().getMetadata(key)).toMatchObject({ contentType: 'application/x-note; version=2', metadata });
      expect((await store().getMetadata(key)).metadata).toEqual(metadata);
    });

    it('is refused when no store could keep it', async () => {
      for (const options of [
        { contentType: 'text' },
        { contentType: 'text/plain\r\nx-evil: 1' },
        { metadata: { name: 'ünï' } },
        { metadata: { name: 'a\nb' } },
        { metadata: { '': 'x' } },
        { metadata: { name: 'x'.repeat(8_200) } },
      ]) {
        const key = fresh();
        expect(await codeOf(store().upload(key, 'x', options))).toBe('VALIDATION_FAILED');
        expect(await store().exists(key)).toBe(false);
      }
    });
  });

  describe('damage', () => {
    const text = 'What was written is what is read.';
    it.each([
      ['a flipped bit', Buffer.from(text.replace('W', 'V'))],
      ['a lost end', Buffer.from(text.slice(0, -1))],
      ['an added end', Buffer.from(`${text} `)],
      ['nothing left', Buffer.alloc(0)],
    ])('is found out: %s', async (_, bytes) => {
      const key = fresh();
      const { checksum } = await store().upload(key, text);
      await corrupt(key, bytes);
      expect(await codeOf(store().download(key, { checksum }))).toBe('CHECKSUM_MISMATCH');
      expect(await codeOf(store().downloadBuffer(key, { checksum }))).toBe('CHECKSUM_MISMATCH');
      expect(await codeOf(readAll(await store().downloadStream(key, { checksum })))).toBe('CHECKSUM_MISMATCH');
    });

    it('is found out without a checksum when it is no longer text', async () => {
      const key = fresh();
      await store().upload(key, 'naïve');
      await corrupt(key, Buffer.from('naïve', 'latin1'));
      expect(await codeOf(store().download(key))).toBe('CHECKSUM_MISMATCH');
    });

    it('is not another checksum for the same content', async () => {
      const key = fresh();
      await store().upload(key, text);
      const checksum = checksumOf(Buffer.from('something else'));
      expect(await codeOf(store().download(key, { checksum }))).toBe('CHECKSUM_MISMATCH');
    });
  });

  describe('streams', () => {
    it('go up and down', async () => {
      const key = fresh('file.bin');
      const chunks = Array.from({ length: 20 }, (_, index) => Buffer.alloc(10_000 + index, index));
      const whole = Buffer.concat(chunks);
      const written = await store().uploadStream(key, pieces(...chunks), { metadata: { a: 'b' } });
      expect(written).toMatchObject({ path: key, size: whole.length, checksum: checksumOf(whole) });
      const read = await readAll(await store().downloadStream(key, { checksum: written.checksum }));
      expect(read.equals(whole)).toBe(true);
      expect((await store().getMetadata(key)).metadata).toEqual({ a: 'b' });
    });

    it('may be empty', async () => {
      const key = fresh();
      const { size, checksum } = await store().uploadStream(key, pieces());
      expect({ size, checksum }).toEqual({ size: 0, checksum: checksumOf(Buffer.alloc(0)) });
      expect(await readAll(await store().downloadStream(key))).toHaveLength(0);
    });

    it('leave nothing when their source fails, and pass its error on', async () => {
      const key = fresh();
      const failure = new Error('the line went dead');
      async function* failing() {
        yield Buffer.from('some');
        throw failure;
      }
      await expect(store().uploadStream(key, failing())).rejects.toBe(failure);
      expect(await store().exists(key)).toBe(false);
      expect(await keysOf(store(), key)).toEqual([]);
    });

    it('can be left before their end', async () => {
      const key = fresh('file.bin');
      await store().upload(key, Buffer.alloc(1_000_000));
      for (let round = 0; round < 3; round++) {
        for await (const chunk of await store().downloadStream(key)) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }
      expect(await store().exists(key)).toBe(true);
    });
  });
}
