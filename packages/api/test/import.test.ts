import { createHash } from 'node:crypto';
import { rebuildProjections, verifyEvents, verifyProjections } from '@synap/database';
import type { Entity, Relation } from '@synap/types';
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

/** A picture of one pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const MODIFIED = '2020-02-03T04:05:06.789Z';
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

interface Imported {
  readonly action: string;
  readonly entityId: string;
  readonly warnings: readonly { code: string }[];
  readonly code?: string;
}

async function send(path: string, content: string | Buffer, more: Record<string, string> = {}, who = client) {
  const query = new URLSearchParams({ source: 'vault', path, modifiedAt: MODIFIED, sha256: sha256(content), ...more });
  return who.fetch(`/api/v1/import/file?${query.toString()}`, { method: 'PUT', body: Buffer.from(content) });
}

async function put(path: string, content: string | Buffer, more: Record<string, string> = {}, who = client) {
  const response = await send(path, content, more, who);
  expect(response.status).toBe(200);
  return (await response.json()) as Imported;
}

const get = (id: string, more: object = {}) => client.get<Entity>('entities.get', { id, ...more });
const plan = (files: [string, string][], more: object = {}) =>
  client.do<{ items: { action: string; code?: string; from?: string }[] }>('imports.plan', {
    source: 'vault',
    files: files.map(([path, content]) => ({
      path,
      size: content.length,
      sha256: sha256(content),
      modifiedAt: MODIFIED,
    })),
    ...more,
  });
const finish = (input: object = {}) =>
  client.do<{ links: Record<string, number>; missing: unknown[]; nextCursor: string | null }>('imports.finish', {
    source: 'vault',
    ...input,
  });
const mentions = async (id: string) =>
  (await client.get<{ items: Relation[] }>('relations.list', { id, limit: 100 })).items.filter(
    (one) => one.sourceId === id,
  );

describe('a file', () => {
  it('is kept byte for byte, with its time, its title and its tags', async () => {
    const content = '\ufeff---\r\ntitle: The title\r\ntags: [a]\r\n---\r\nText #b  \r\n\0';
    const { action, entityId, warnings } = await put('Folder/Cafe\u0301.md', content);
    expect({ action, warnings }).toEqual({ action: 'create', warnings: [] });
    const entity = await get(entityId);
    expect(entity).toMatchObject({
      type: 'note',
      title: 'The title',
      tags: ['a', 'b'],
      path: 'Folder/Caf\u00e9.md',
      createdAt: MODIFIED,
      updatedAt: MODIFIED,
      version: 1,
      origin: { source: 'vault', path: 'Folder/Caf\u00e9.md', modifiedAt: MODIFIED, checksum: entity.checksum },
    });
    expect((await client.bytes(entityId)).equals(Buffer.from(content))).toBe(true);
    const history = await client.get<{ items: unknown[] }>('entities.history', { id: entityId });
    expect(history.items).toMatchObject([{ version: 1, source: 'sync', timestamp: MODIFIED }]);
  });

  it.each([
    ['a.png', PNG, { type: 'file', title: 'a.png', fileType: 'image' }, []],
    ['empty.md', Buffer.alloc(0), { type: 'note', title: 'empty', fileSize: 0 }, []],
    ['empty.bin', Buffer.alloc(0), { type: 'file', title: 'empty.bin', fileSize: 0, fileType: 'other' }, []],
    ['latin.md', Buffer.from([0xe9]), { type: 'file', title: 'latin.md', fileType: 'other' }, ['NO_NOTE']],
    ['broken.md', Buffer.from('---\n: [\n---\nx'), { type: 'note', title: 'broken' }, ['FRONT_MATTER_BROKEN']],
  ])('%s is kept as what it is', async (path, content, expected, codes) => {
    const { entityId, warnings } = await put(path, content);
    expect(warnings.map((warning) => warning.code)).toEqual(codes);
    expect(await get(entityId)).toMatchObject(expected);
    expect((await client.bytes(entityId)).equals(content)).toBe(true);
  });

  it('that comes again is no second event, however often and at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => put('a.md', 'x')));
    expect(new Set(answers.map((answer) => answer.entityId)).size).toBe(1);
    expect(answers.filter((answer) => answer.action === 'create')).toHaveLength(1);
    expect(await put('a.md', 'x')).toMatchObject({ action: 'unchanged' });
    expect(await get(answers[0]?.entityId ?? '')).toMatchObject({ version: 1 });
  });

  it('that changed is a new version, never younger than now nor as old as the one before', async () => {
    const { entityId } = await put('a.md', 'one #x');
    await put('a.md', 'two #y', { modifiedAt: '2019-01-01T00:00:00.000Z' });
    const second = await get(entityId);
    expect(second).toMatchObject({ version: 2, tags: ['y'] });
    expect(Date.parse(second.updatedAt)).toBeGreaterThan(Date.parse(MODIFIED));
    expect(second.origin?.modifiedAt).toBe('2019-01-01T00:00:00.000Z');
    await put('a.md', 'three', { modifiedAt: '9000-01-01T00:00:00.000Z' });
    expect(Date.parse((await get(entityId)).updatedAt)).toBeLessThanOrEqual(Date.now());
    expect((await client.bytes(entityId, '?version=1')).toString()).toBe('one #x');
  });

  it.each([
    ['older than', '2019-01-01T00:00:00.000Z'],
    ['as old as', MODIFIED],
  ])('that changed and is %s the version before leaves that one in time', async (_, modifiedAt) => {
    const { entityId } = await put('a.md', 'one');
    await put('a.md', 'two', { modifiedAt });
    expect(await get(entityId, { at: MODIFIED })).toMatchObject({ version: 1 });
    expect((await client.bytes(entityId, `?at=${MODIFIED}`)).toString()).toBe('one');
    await put('a.md', 'three', { modifiedAt: new Date().toISOString() });
    expect(await get(entityId, { at: MODIFIED })).toMatchObject({ version: 1 });
  });

  it('that changed while its old content is lost is imported, with the title and tags that were there', async () => {
    const { entityId } = await put('a.md', '---\ntitle: One\n---\none #x');
    for (const key of await keysOf(server.objects)) if (key.includes(entityId)) await server.objects.delete(key);
    expect(await put('a.md', '---\ntitle: Two\n---\ntwo #y')).toMatchObject({ action: 'update', entityId });
    expect(await get(entityId)).toMatchObject({ version: 2, title: 'One', tags: ['x'] });
    expect((await client.bytes(entityId)).toString()).toContain('two #y');
  });

  it('that changed does not take away the title and tags that a person gave', async () => {
    const { entityId } = await put('a.md', 'one #x');
    await client.do('entities.update', { id: entityId, title: 'Mine' });
    expect(await put('a.md', 'two #y')).toMatchObject({ action: 'update' });
    expect(await get(entityId)).toMatchObject({ title: 'Mine', tags: ['y'] });
  });

  it('changed on both sides is told, and nothing is overwritten', async () => {
    const { entityId } = await put('a.md', 'one');
    await client.do('entities.update', { id: entityId, content: 'mine' });
    expect(await put('a.md', 'two')).toMatchObject({ action: 'conflict', code: 'BOTH_CHANGED', entityId });
    expect((await client.bytes(entityId)).toString()).toBe('mine');
    // The same change on both sides is none.
    expect(await put('a.md', 'mine')).toMatchObject({ action: 'unchanged' });
    expect(await put('a.md', 'three')).toMatchObject({ action: 'update' });
  });

  it('deleted in Synap is not brought back by an import', async () => {
    const { entityId } = await put('a.md', 'one');
    await client.do('entities.delete', { id: entityId });
    expect(await put('a.md', 'two')).toMatchObject({ action: 'conflict', code: 'DELETED_HERE', entityId });
    await client.do('entities.restore', { id: entityId });
    expect(await put('a.md', 'two')).toMatchObject({ action: 'update', entityId });
  });

  it('that moved is the same entity, and its old path is free for another', async () => {
    const { entityId } = await put('a.md', 'one');
    expect(await put('b/c.md', 'one', { from: 'a.md' })).toMatchObject({ action: 'moved', entityId });
    expect(await put('b/c.md', 'one', { from: 'a.md' })).toMatchObject({ action: 'unchanged', entityId });
    expect(await get(entityId)).toMatchObject({ version: 2, path: 'b/c.md', title: 'c' });
    expect(await get(entityId, { version: 1 })).toMatchObject({ path: 'a.md', title: 'a' });
    const another = await put('a.md', 'another');
    expect(another).toMatchObject({ action: 'create' });
    expect(another.entityId).not.toBe(entityId);
    expect(await put('a.md', 'another')).toMatchObject({ action: 'unchanged', entityId: another.entityId });
  });

  it.each(['x.bin', 'x.md'])('can be at the path of %s, from which others moved, however often', async (path) => {
    const ids = new Set<string>();
    for (let n = 0; n < 23; n++) {
      const made = await put(path, `content ${n}`);
      expect(made).toMatchObject({ action: 'create' });
      ids.add(made.entityId);
      expect((await client.bytes(made.entityId)).toString()).toBe(`content ${n}`);
      expect(await put(`old/${n}`, `content ${n}`, { from: path })).toMatchObject({ action: 'moved' });
    }
    expect(ids.size).toBe(23);
    const answers = await Promise.all(Array.from({ length: 4 }, () => put(path, 'last')));
    expect(new Set(answers.map((answer) => answer.entityId)).size).toBe(1);
  });

  it('is refused with its reason', async () => {
    const cases: [string, Record<string, string>, number, string][] = [
      ['../a.md', {}, 400, 'VALIDATION_FAILED'],
      ['/a.md', {}, 400, 'VALIDATION_FAILED'],
      ['a.md', { sha256: sha256('other') }, 400, 'UPLOAD_MISMATCH'],
      ['a.bin', { sha256: sha256('other') }, 400, 'UPLOAD_MISMATCH'],
      ['a.bin', { size: '7' }, 400, 'UPLOAD_MISMATCH'],
      ['a.md', { sha256: 'none' }, 400, 'VALIDATION_FAILED'],
      ['a.md', { source: ' ' }, 400, 'VALIDATION_FAILED'],
      ['a.md', { modifiedAt: 'yesterday' }, 400, 'VALIDATION_FAILED'],
    ];
    for (const [path, more, status, code] of cases) {
      const response = await send(path, 'x', more);
      expect({ status: response.status, body: await response.json() }).toMatchObject({
        status,
        body: { error: { code } },
      });
    }
    const reader = await server.keyOf(client, ['read']);
    expect((await send('a.md', 'x', {}, reader)).status).toBe(403);
  });

  it('that is larger than a note may be comes in as it is, Markdown as well', async () => {
    const large = Buffer.alloc(11 * 1024 * 1024, 'abc ');
    const file = await put('large.bin', large);
    const text = await put('large.md', large);
    expect(text.warnings).toMatchObject([{ code: 'NO_NOTE' }]);
    for (const { entityId } of [file, text]) {
      expect(await get(entityId)).toMatchObject({ type: 'file', fileSize: large.length, fileType: 'other' });
      expect((await client.bytes(entityId)).equals(large)).toBe(true);
    }
    expect(await put('large.bin', 'smaller')).toMatchObject({ action: 'update', entityId: file.entityId });
    expect((await client.bytes(file.entityId)).toString()).toBe('smaller');
  });

  it('of one user is nothing to another', async () => {
    const other = await server.client();
    const mine = await put('a.md', 'mine');
    const theirs = await put('a.md', 'theirs', {}, other);
    expect(theirs.action).toBe('create');
    expect(theirs.entityId).not.toBe(mine.entityId);
    const known = await other.get<{ items: { entityId: string }[] }>('imports.known', { source: 'vault' });
    expect(known.items.map((item) => item.entityId)).toEqual([theirs.entityId]);
    expect((await other.query('entities.links', { id: mine.entityId })).error?.data.reason).toBe('NOT_FOUND');
  });
});

describe('plan and known', () => {
  it('say what would be done, and do nothing', async () => {
    const same = await put('same.md', 's');
    await put('changed.md', 'one');
    await put('gone.md', 'g');
    const files: [string, string][] = [
      ['same.md', 's'],
      ['changed.md', 'two'],
      ['new.md', 'n'],
      ['moved.md', 'g'],
    ];
    expect((await plan(files, { complete: true })).items).toMatchObject([
      { action: 'unchanged', entityId: same.entityId },
      { action: 'update' },
      { action: 'create' },
      { action: 'moved', from: 'gone.md' },
    ]);
    expect((await plan(files)).items.at(-1)).toMatchObject({ action: 'create' });
    expect((await plan(files, { source: 'another' })).items.every((item) => item.action === 'create')).toBe(true);
  });

  it('come in pages that miss nothing', async () => {
    const paths = ['a.md', 'b', 'b/c.md', 'B.md', '\u00e9.md', '\u{1f600}.md', '\uffee.md'];
    for (const path of paths) await put(path, path);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const input: object = { source: 'vault', limit: 2, ...(cursor && { cursor }) };
      const page: { items: { path: string }[]; nextCursor: string | null } = await client.get('imports.known', input);
      seen.push(...page.items.map((item) => item.path));
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(paths.length);
    expect(new Set(seen)).toEqual(new Set(paths));
  });
});

describe('links', () => {
  it('become relations once, and go with the link; what a person related stays', async () => {
    const a = await put('a.md', '[[b]] [[b|again]] ![[pic.png]] [x](sub/c.md) [[a]] [[nowhere]] `[[d]]`');
    const b = await put('b.md', 'b');
    const c = await put('sub/c.md', '[[../a]]');
    const d = await put('d.md', 'd');
    const pic = await put('media/pic.png', 'p');
    await client.do('relations.create', { sourceId: a.entityId, targetId: d.entityId, type: 'mentions' });

    const first = await finish();
    expect(first).toMatchObject({
      links: { resolved: 4, missing: 1, created: 4, removed: 0 },
      missing: [{ path: 'a.md', target: 'nowhere' }],
      nextCursor: null,
    });
    const targets = async () => new Set((await mentions(a.entityId)).map((one) => one.targetId as string));
    expect(await targets()).toEqual(new Set([b.entityId, pic.entityId, c.entityId, d.entityId]));
    expect((await finish()).links).toMatchObject({ resolved: 4, created: 0, removed: 0 });

    await put('a.md', '[[sub/c]]', { modifiedAt: '2021-01-01T00:00:00.000Z' });
    expect((await finish()).links).toMatchObject({ created: 0, removed: 2 });
    expect(await targets()).toEqual(new Set([c.entityId, d.entityId]));

    await put('a.md', '[[b]]', { modifiedAt: '2022-01-01T00:00:00.000Z' });
    expect((await finish()).links).toMatchObject({ created: 1, removed: 1 });
    expect(await targets()).toEqual(new Set([b.entityId, d.entityId]));

    await client.do('entities.delete', { id: b.entityId });
    expect((await finish()).links).toMatchObject({ missing: 1 });
  });

  it('of a note that is damaged in the store stay as they are, and the others are made', async () => {
    const a = await put('a.md', '[[b]]');
    await put('b.md', '[[a]]');
    await finish();
    await put('b.md', 'no link', { modifiedAt: '2021-01-01T00:00:00.000Z' });
    const keys = (await keysOf(server.objects)).filter((key) => key.includes(a.entityId));
    await server.objects.delete(keys[0] ?? '');
    expect(await finish()).toMatchObject({ unread: ['a.md'], links: { removed: 1 } });
    expect(await mentions(a.entityId)).toHaveLength(1);
  });

  it('are made page by page as well, and by two at once', async () => {
    for (let n = 0; n < 7; n++) await put(`n${n}.md`, `[[n${(n + 1) % 7}]] [[n${(n + 3) % 7}]]`);
    let cursor: string | null = '';
    let created = 0;
    while (cursor !== null) {
      const input: object = { limit: 3, ...(cursor && { cursor }) };
      const [one, two] = await Promise.all([finish(input), finish(input)]);
      expect(one.links.resolved).toBe(two.links.resolved);
      created += one.links.resolved ?? 0;
      cursor = one.nextCursor;
    }
    expect(created).toBe(14);
    const all = await client.get<{ items: Relation[] }>('relations.list', { limit: 100 });
    expect(all.items).toHaveLength(14);
  });

  it('of a note are told as they are written, with where they lead', async () => {
    const home = await put('Home.md', '# Home');
    const pic = await put('pic.png', PNG);
    const born = await client.note('See [[Born here too]]', { title: 'Born here' });
    const { entityId } = await put(
      'n.md',
      '[[home#Part|H]] ![[pic.png]] [[born HERE]] [[#Own]] [[nowhere]] [x](Home.md)',
    );
    const { items } = await client.get<{ items: unknown[] }>('entities.links', { id: entityId });
    expect(items).toEqual([
      {
        target: 'home',
        heading: 'Part',
        alias: 'H',
        embed: false,
        kind: 'wiki',
        entityId: home.entityId,
        fileType: 'markdown',
      },
      {
        target: 'pic.png',
        heading: null,
        alias: null,
        embed: true,
        kind: 'wiki',
        entityId: pic.entityId,
        fileType: 'image',
      },
      {
        target: 'born HERE',
        heading: null,
        alias: null,
        embed: false,
        kind: 'wiki',
        entityId: born.id,
        fileType: 'markdown',
      },
      { target: '', heading: 'Own', alias: null, embed: false, kind: 'wiki', entityId, fileType: 'markdown' },
      { target: 'nowhere', heading: null, alias: null, embed: false, kind: 'wiki', entityId: null, fileType: null },
      {
        target: 'Home.md',
        heading: null,
        alias: 'x',
        embed: false,
        kind: 'markdown',
        entityId: home.entityId,
        fileType: 'markdown',
      },
    ]);
    expect(await client.get('entities.links', { id: pic.entityId })).toEqual({ items: [] });
    const other = await server.client();
    await put('n2.md', '[[Home]]', {}, other);
    const theirs = await other.get<{ items: { entityId: string }[] }>('imports.known', { source: 'vault' });
    const links = await other.get<{ items: { entityId: string | null }[] }>('entities.links', {
      id: theirs.items[0]?.entityId,
    });
    expect(links.items[0]?.entityId).toBeNull();
  });
});

describe('the projection of origins', () => {
  it('is what the events say, also after a rebuild', async () => {
    const check = async () => {
      const findings = [];
      for await (const finding of verifyEvents(server.database)) findings.push(finding);
      for await (const finding of verifyProjections(server.database)) findings.push(finding);
      return findings;
    };
    expect(await check()).toEqual([]);
    const before = await put('r.md', 'one');
    await put('s.md', 'one', { from: 'r.md' });
    await rebuildProjections(server.database);
    expect(await check()).toEqual([]);
    expect(await put('s.md', 'two')).toMatchObject({ action: 'update', entityId: before.entityId });
    await server.database.transaction({ role: 'owner' }, [
      { sql: `UPDATE entity_origins SET path = 'forged' WHERE entity_id = $1`, params: [before.entityId] },
    ]);
    expect(await check()).toMatchObject([{ code: 'ROW_ALTERED', aggregateId: before.entityId }]);
  });
});
