import { setTimeout as sleep } from 'node:timers/promises';
import { type Entity, newEntityId } from '@synap/types';
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

const history = (id: string, more: object = {}) =>
  client.get<{
    items: { version: number; eventType: string; changes: Record<string, unknown> }[];
    nextCursor: string | null;
  }>('entities.history', { id, ...more });

describe('fifty at once', () => {
  it('with the same expected version: one wins, the others are told the version', async () => {
    const { id } = await client.note('first');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        client.mutate('entities.update', { id, expectedVersion: 1, content: `by ${n}` }),
      ),
    );
    const [won] = answers.filter((answer) => answer.status === 200);
    const lost = answers.filter((answer) => answer.status === 409);
    expect(lost).toHaveLength(49);
    for (const { error } of lost) {
      expect(error?.data).toEqual({ code: 'CONFLICT', httpStatus: 409, reason: 'VERSION_CONFLICT', actualVersion: 2 });
    }
    expect(await client.get('entities.get', { id })).toEqual(won?.data);
    expect((await history(id)).items.map((item) => item.version)).toEqual([2, 1]);
  });

  it('with none: all succeed, each a version of its own', async () => {
    const { id } = await client.note('first');
    const entities = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        client.do('entities.update', { id, content: `by ${n}`, title: `title ${n}` }),
      ),
    );
    expect(entities.map((entity) => entity.version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, n) => n + 2),
    );
    for (const [n, { version, title }] of entities.entries()) {
      expect(title).toBe(`title ${n}`);
      expect(await client.get('entities.content', { id, version })).toMatchObject({ content: `by ${n}` });
    }
    expect(await keysOf(server.objects)).toSatisfy(
      (keys: string[]) => keys.filter((key) => key.includes(id)).length === 51,
    );
  });

  it('who do the same: it is done once', async () => {
    const { id } = await client.note('first');
    const entities = await Promise.all(Array.from({ length: 50 }, () => client.do('entities.delete', { id })));
    expect(new Set(entities.map((entity) => entity.version))).toEqual(new Set([2]));
    const [a, b] = await Promise.all([client.note('a'), client.note('b')]);
    const ends = { sourceId: a.id, targetId: b.id, type: 'blocks' };
    const relations = await Promise.all(Array.from({ length: 20 }, () => client.do('relations.create', ends)));
    expect(new Set(relations.map((relation) => relation.id)).size).toBe(1);
    expect(await client.get('relations.list')).toMatchObject({ items: [relations[0]] });
  });
});

describe('an update', () => {
  it('changes what is named and nothing else', async () => {
    const before = await client.note('text', { title: 'one', tags: ['a'] });
    const after = await client.do('entities.update', { id: before.id, tags: ['b'] });
    expect(after).toEqual({ ...before, tags: ['b'], version: 2, updatedAt: after.updatedAt });
    const bare = await client.do('entities.update', { id: before.id, title: null });
    expect(bare).toMatchObject({ title: null, tags: ['b'], version: 3 });
  });

  it('that changes nothing makes no version and stores nothing', async () => {
    const note = await client.note('text', { title: 'one', tags: ['a'] });
    const objects = await keysOf(server.objects);
    expect(await client.do('entities.update', { id: note.id, title: ' one ', tags: ['#a'], content: 'text' })).toEqual(
      note,
    );
    expect(await client.do('entities.update', { id: note.id })).toEqual(note);
    expect(await keysOf(server.objects)).toEqual(objects);
  });

  it('of an old version stores nothing either', async () => {
    const { id } = await client.note('text');
    const objects = await keysOf(server.objects);
    const answer = await client.mutate('entities.update', { id, expectedVersion: 7, content: 'new' });
    expect(answer).toMatchObject({ status: 409, error: { data: { actualVersion: 1 } } });
    expect(await keysOf(server.objects)).toEqual(objects);
  });

  it('may empty the content, which is not the same as having none', async () => {
    const none = await client.do('entities.create', { type: 'page', title: 'empty' });
    expect(none).toMatchObject({ fileSize: null, fileType: null, checksum: null });
    expect(await client.get('entities.content', { id: none.id })).toEqual({ content: '', checksum: null, version: 1 });
    expect(await client.bytes(none.id)).toHaveLength(0);
    const empty = await client.do('entities.update', { id: none.id, content: '' });
    expect(empty).toMatchObject({ version: 2, fileSize: 0, fileType: 'markdown' });
    expect(await client.get('entities.content', { id: none.id })).toMatchObject({ content: '', version: 2 });
  });
});

describe('every version', () => {
  it('is read back by its number and by an instant, deleted or not', async () => {
    const contents = ['one\r\n', '\ufefftwo', 'three \0'];
    const { id } = await client.note(contents[0]!);
    const versions: Entity[] = [await client.get('entities.get', { id })];
    for (const content of contents.slice(1)) {
      await sleep(3);
      versions.push(await client.do('entities.update', { id, content }));
    }
    await sleep(3);
    versions.push(await client.do('entities.delete', { id }));
    expect(versions[3]).toMatchObject({ version: 4, deletedAt: versions[3]!.updatedAt });

    for (const [index, entity] of versions.entries()) {
      const { version, updatedAt, checksum } = entity;
      const content = contents[Math.min(index, 2)]!;
      const at = new Date(Date.parse(updatedAt) + 1).toISOString();
      for (const when of [{ version }, { at }, { at: updatedAt }]) {
        expect(await client.get('entities.get', { id, ...when })).toEqual(entity);
        expect(await client.get('entities.content', { id, ...when })).toEqual({ content, checksum, version });
        const query = Object.entries(when).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
        expect(await client.bytes(id, `?${query.join('&')}`)).toEqual(Buffer.from(content));
      }
    }
    for (const when of [{ version: 9 }, { at: '2001-01-01T00:00:00Z' }]) {
      expect(await client.query('entities.get', { id, ...when })).toMatchObject({ status: 404 });
    }
    expect(await client.query('entities.get', { id, version: 1, at: versions[0]!.createdAt })).toMatchObject({
      status: 400,
      error: { data: { reason: 'VALIDATION_FAILED', field: 'at' } },
    });
  });

  it('comes back by restore, as a new one', async () => {
    const first = await client.note('one', { title: 'first', tags: ['a'] });
    const { id } = first;
    await client.do('entities.update', { id, content: 'two', title: null, tags: [] });
    await client.do('entities.delete', { id });
    expect((await client.get<{ items: [] }>('entities.list')).items).toEqual([]);
    expect(await client.get('tags.list')).toEqual([]);
    expect(await client.get('entities.list', { deleted: true })).toMatchObject({ items: [{ id }] });

    const undone = await client.do('entities.restore', { id });
    expect(undone).toMatchObject({ version: 4, title: null, deletedAt: null });
    expect(await client.get('entities.content', { id })).toMatchObject({ content: 'two' });
    const back = await client.do('entities.restore', { id, version: 1, expectedVersion: 4 });
    expect(back).toEqual({ ...first, version: 5, updatedAt: back.updatedAt });
    expect(await client.get('entities.content', { id })).toMatchObject({ content: 'one', version: 5 });
    expect(await client.get('tags.list')).toEqual([{ name: 'a', count: 1 }]);
    expect(await client.mutate('entities.restore', { id, version: 6 })).toMatchObject({ status: 404 });
    expect(await client.mutate('entities.restore', { id, version: 1, expectedVersion: 1 })).toMatchObject({
      status: 409,
      error: { data: { actualVersion: 5 } },
    });
  });

  it('of a deleted note stays as it is until it is restored', async () => {
    const { id } = await client.note('x');
    const deleted = await client.do('entities.delete', { id, expectedVersion: 1 });
    expect(await client.do('entities.delete', { id })).toEqual(deleted);
    expect(await client.mutate('entities.update', { id, content: 'y' })).toMatchObject({
      status: 400,
      error: { message: expect.stringContaining('Restore') as string, data: { reason: 'INVALID_STATE' } },
    });
  });

  it('is told in the history, newest first, without where it is stored', async () => {
    const { id } = await client.note('one', { title: 'first' });
    await client.do('entities.update', { id, title: 'second' });
    const { checksum } = await client.do('entities.update', { id, content: 'two!' });
    const { deletedAt } = await client.do('entities.delete', { id });
    await client.do('entities.restore', { id });
    await client.do('entities.restore', { id, version: 1 });
    const { items, nextCursor } = await history(id);
    expect(nextCursor).toBeNull();
    expect(items.map(({ version, eventType, changes }) => [version, eventType, changes])).toEqual([
      [
        6,
        'entity.restored',
        expect.objectContaining({ restoredVersion: 1, title: 'first', preview: 'one', fileSize: 3 }),
      ],
      [5, 'entity.restored', { deletedAt: null }],
      [4, 'entity.deleted', { deletedAt }],
      [3, 'entity.file_uploaded', { fileType: 'markdown', checksum, fileSize: 4, preview: 'two!' }],
      [2, 'entity.title_changed', { title: 'second' }],
      [1, 'entity.created', expect.objectContaining({ type: 'note', title: 'first', preview: 'one', fileSize: 3 })],
    ]);
    expect(items[0]).toMatchObject({ source: 'api', actor: client.userId, timestamp: expect.any(String) as string });
    expect(JSON.stringify(items)).not.toContain('users/');

    const first = await history(id, { limit: 4 });
    const second = await history(id, { limit: 4, cursor: first.nextCursor });
    expect([...first.items, ...second.items]).toEqual(items);
    expect(second.nextCursor).toBeNull();
    for (const cursor of ['x', '0', '-1', '99999999999']) {
      expect(await client.query('entities.history', { id, cursor })).toMatchObject({ status: 400 });
    }
    expect(await client.query('entities.history', { id: newEntityId() })).toMatchObject({ status: 404 });
  });
});
