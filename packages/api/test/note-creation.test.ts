import { checksumOf, type Entity, LIMITS } from '@synap/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, keysOf, type TestServer, testServer } from './server.ts';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await testServer();
});
beforeEach(async () => {
  client = await server.client();
});
afterAll(() => server.close());

const list = () => client.get<{ items: Entity[] }>('entities.list');

describe('a note comes back byte for byte', () => {
  const contents: [string, string][] = [
    ['plain', 'Hello, world.\n'],
    ['with a byte order mark', '\ufeff# Title'],
    ['with CRLF, CR and no last line break', 'one\r\ntwo\rthree'],
    ['with NUL and other control characters', 'a\0b\u0001\u001f\u007f\u0085'],
    ['with emoji, joined and flagged', '👩‍👩‍👧‍👦 🏳️‍🌈 🇨🇭'],
    ['right to left, with marks of direction', 'שלום \u202eabc\u202c مرحبا \u200f'],
    ['not normalised', 'e\u0301 \u00e9 \u212b'],
    ['with line separators of JavaScript', 'a\u2028b\u2029c'],
    ['that looks like JSON, SQL and a script', '{"a":1}\'; DROP TABLE synap.events; --<script>alert(1)</script>'],
    ['with white space around it', ' \n\t x \n '],
    ['of one mebibyte', 'ü'.repeat(512 * 1024)],
    ['of exactly the limit', 'x'.repeat(LIMITS.contentBytes)],
  ];

  it.each(contents)('%s', async (_name, content) => {
    const bytes = Buffer.from(content);
    const answer = await client.do<{ entityId: string; version: number; note: Entity; fileUrl: string }>(
      'notes.create',
      { content },
    );
    const { note, entityId } = answer;
    expect(answer).toEqual({
      success: true,
      entityId: note.id,
      version: 1,
      note,
      fileUrl: `/api/v1/entities/${note.id}/content`,
    });
    expect(note).toMatchObject({
      type: 'note',
      title: null,
      version: 1,
      fileSize: bytes.length,
      fileType: 'markdown',
      checksum: checksumOf(bytes),
      deletedAt: null,
      enrichment: { status: 'off' },
    });
    expect(JSON.stringify(answer)).not.toContain('users/');

    expect(await client.get('entities.get', { id: entityId })).toEqual(note);
    expect(await client.get('entities.content', { id: entityId })).toEqual({
      content,
      checksum: note.checksum,
      version: 1,
    });
    expect((await client.bytes(entityId)).equals(bytes)).toBe(true);
    expect((await list()).items).toEqual([note]);
  });

  it('with the other fields as they were sent, and the switches of V0.2', async () => {
    const note = await client.note('x', {
      title: '  ../%2e%2e/\u202eTitle  ',
      tags: ['#work', 'a b', '../x', '%2e%2e', 'עברית\u200f', 'work'],
      autoEnrich: false,
      inputType: 'text',
      audioUrl: 'https://example.org/a.mp3',
      useRAG: true,
    });
    expect(note).toMatchObject({
      title: '../%2e%2e/\u202eTitle',
      tags: ['work', 'a b', '../x', '%2e%2e', 'עברית\u200f'],
    });
    expect(await client.get('entities.get', { id: note.id })).toEqual(note);
  });

  it('of 500 characters of title and 100 tags of 100, whatever they are in UTF-16', async () => {
    const tags = Array.from(
      { length: LIMITS.tags },
      (_, index) => `${String(index).padStart(2, '0')}${'🦊'.repeat(98)}`,
    );
    const note = await client.note('x', { title: '🦊'.repeat(500), tags });
    expect(await client.get('entities.get', { id: note.id })).toMatchObject({ title: '🦊'.repeat(500), tags });
  });

  it('as a thought', async () => {
    const answer = await client.do<{ entityId: string }>('capture.thought', {
      content: 'Hm',
      context: { from: 'cli' },
    });
    expect(answer).toMatchObject({ success: true, message: expect.any(String) as string });
    expect(await client.get('entities.content', { id: answer.entityId })).toMatchObject({ content: 'Hm' });
  });
});

describe('what cannot be kept is refused with its own code, and leaves nothing behind', () => {
  const cases: [string, object, number, string][] = [
    ['no content', {}, 400, 'VALIDATION_FAILED'],
    ['content that is no text', { content: 7 }, 400, 'VALIDATION_FAILED'],
    ['empty content', { content: '' }, 400, 'BLANK_CONTENT'],
    ['blank content', { content: ' \r\n\t\u00a0\u3000' }, 400, 'BLANK_CONTENT'],
    ['content of no width', { content: '\u200b\u200c\u200d\u2060\ufeff\u00ad' }, 400, 'BLANK_CONTENT'],
    ['content of 11 MiB', { content: 'x'.repeat(11 * 1024 * 1024) }, 413, 'CONTENT_TOO_LARGE'],
    ['content that is too large only as UTF-8', { content: 'ü'.repeat(6 * 1024 * 1024) }, 413, 'CONTENT_TOO_LARGE'],
    ['half a character in the content', { content: 'a\ud800b' }, 400, 'INVALID_TEXT'],
    ['half a character in the title', { content: 'x', title: 'a\udc00' }, 400, 'INVALID_TEXT'],
    ['half a character in a tag', { content: 'x', tags: ['\ud83e'] }, 400, 'INVALID_TEXT'],
    ['NUL in the title', { content: 'x', title: 'a\0b' }, 400, 'INVALID_TEXT'],
    ['a line break in the title', { content: 'x', title: 'a\nb' }, 400, 'INVALID_TEXT'],
    ['an escape in a tag', { content: 'x', tags: ['\u001b[31m'] }, 400, 'INVALID_TEXT'],
    ['a title of 501 characters', { content: 'x', title: 'a'.repeat(501) }, 413, 'TITLE_TOO_LONG'],
    ['101 tags', { content: 'x', tags: Array.from({ length: 101 }, (_, i) => `t${i}`) }, 413, 'TOO_MANY_TAGS'],
    ['a tag of 101 characters', { content: 'x', tags: ['a'.repeat(101)] }, 413, 'TAG_TOO_LONG'],
    ['an empty tag', { content: 'x', tags: ['#'] }, 400, 'VALIDATION_FAILED'],
    ['tags that are no list', { content: 'x', tags: 'a' }, 400, 'VALIDATION_FAILED'],
    ['an idempotency key with a line break', { content: 'x', idempotencyKey: 'a\nb' }, 400, 'VALIDATION_FAILED'],
  ];

  it.each(cases)('%s', async (_name, input, status, reason) => {
    const before = await keysOf(server.objects);
    const answer = await client.mutate('notes.create', input);
    expect(answer.status).toBe(status);
    expect(answer.error?.data).toMatchObject({ httpStatus: status, reason });
    expect(answer.error?.message).toMatch(/^[^{}\n]+$/);
    expect((await list()).items).toEqual([]);
    expect(await client.get('events.list')).toMatchObject({ items: [] });
    expect(await keysOf(server.objects)).toEqual(before);
  });

  it('names the field that is wrong', async () => {
    const answer = await client.mutate('notes.create', { content: 'x', tags: ['a', 1] });
    expect(answer.error?.data).toMatchObject({ code: 'BAD_REQUEST', reason: 'VALIDATION_FAILED', field: 'tags.1' });
    expect(answer.error?.message).toMatch(/^tags\.1: /);
  });

  it('a body that is not UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"content":"'), Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from('"}')]);
    const answer = await client.post('notes.create', body);
    expect(answer.error?.data).toMatchObject({ code: 'BAD_REQUEST', httpStatus: 400, reason: 'INVALID_UTF8' });
    expect((await list()).items).toEqual([]);
  });

  it.each([
    ['no JSON', '{"content": "x"', 400],
    ['no object', '[]', 400],
    ['nothing', '', 400],
  ])('a body that is %s', async (_name, body, status) => {
    const answer = await client.post('notes.create', body);
    expect(answer).toMatchObject({ status, error: { data: { reason: 'VALIDATION_FAILED' } } });
  });
});

describe('an idempotency key', () => {
  const idempotencyKey = 'import-7';

  it('gives a retry the first result, at its version, and makes one note', async () => {
    const first = await client.do<{ note: Entity }>('notes.create', { content: 'x', tags: ['a'], idempotencyKey });
    await client.do('entities.update', { id: first.note.id, title: 'changed since' });
    const again = await client.do('notes.create', { idempotencyKey, tags: ['a'], content: 'x' });
    expect(again).toEqual(first);
    expect((await list()).items).toHaveLength(1);
  });

  it('does so for many at once', async () => {
    const input = { content: 'x', idempotencyKey };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.do<{ note: Entity }>('notes.create', input)),
    );
    expect(new Set(answers.map((answer) => answer.note.id)).size).toBe(1);
    expect((await list()).items).toHaveLength(1);
  });

  it('is refused for another input', async () => {
    await client.note('x', { idempotencyKey });
    const answer = await client.mutate('notes.create', { content: 'y', idempotencyKey });
    expect(answer).toMatchObject({ status: 400, error: { data: { reason: 'IDEMPOTENCY_KEY_REUSED' } } });
    expect((await list()).items).toHaveLength(1);
  });

  it('is another one for another procedure and for another user', async () => {
    await client.note('x', { idempotencyKey });
    await client.do('entities.create', { type: 'note', content: 'x', idempotencyKey });
    expect((await list()).items).toHaveLength(2);
    const other = await server.client();
    expect((await other.note('x', { idempotencyKey })).version).toBe(1);
  });

  it('repeats an update', async () => {
    const { id } = await client.note('x');
    const change = { id, expectedVersion: 1, content: 'y', idempotencyKey };
    const first = await client.do('entities.update', change);
    await client.do('entities.update', { id, content: 'z' });
    expect(await client.do('entities.update', change)).toEqual(first);
    expect(first.version).toBe(2);
    expect((await client.get('entities.get', { id })).version).toBe(3);
  });
});
