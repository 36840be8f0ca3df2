import { type Entity, newEntityId, newRelationId, type Relation } from '@synap/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, type TestServer, testServer } from './server.ts';

let server: TestServer;
let alice: Client;
let mallory: Client;
let task: Entity;
let note: Entity;
let relation: Relation;

beforeAll(async () => {
  server = await testServer();
  [alice, mallory] = await Promise.all([server.client(), server.client(['read', 'write', 'admin'])]);
  note = await alice.note('the secret', { title: 'Secret', tags: ['secret'] });
  task = await alice.do('entities.create', { type: 'task', title: 'Secret task', idempotencyKey: 'k' });
  relation = await alice.do('relations.create', { sourceId: note.id, targetId: task.id, type: 'relates_to' });
});
afterAll(() => server.close());

describe('what is another user’s is as if it had never been', () => {
  const calls: [string, 'query' | 'mutate', (id: string) => object][] = [
    ['entities.get', 'query', (id) => ({ id })],
    ['entities.get', 'query', (id) => ({ id, version: 1 })],
    ['entities.get', 'query', (id) => ({ id, at: new Date().toISOString() })],
    ['entities.content', 'query', (id) => ({ id })],
    ['entities.history', 'query', (id) => ({ id })],
    ['entities.update', 'mutate', (id) => ({ id, title: 'mine' })],
    ['entities.update', 'mutate', (id) => ({ id, expectedVersion: 1, content: 'mine' })],
    ['entities.update', 'mutate', (id) => ({ id, expectedVersion: 9, content: 'mine' })],
    ['entities.delete', 'mutate', (id) => ({ id })],
    ['entities.restore', 'mutate', (id) => ({ id, version: 1 })],
    ['tasks.setStatus', 'mutate', (id) => ({ id, status: 'done' })],
    ['relations.delete', 'mutate', (id) => ({ id })],
    ['graph.neighbors', 'query', (id) => ({ id, depth: 3 })],
  ];

  it.each(calls)('%s (%s)', async (procedure, kind, input) => {
    for (const [theirs, nobodys] of [
      [task.id, newEntityId()],
      [relation.id, newRelationId()],
    ]) {
      const [there, nowhere] = await Promise.all([
        mallory[kind](procedure, input(theirs as string)),
        mallory[kind](procedure, input(nobodys as string)),
      ]);
      expect(there).toMatchObject({ status: 404, error: { data: { code: 'NOT_FOUND', reason: 'NOT_FOUND' } } });
      expect(there.error).toEqual(nowhere.error);
    }
  });

  it('raw content', async () => {
    const [there, nowhere] = await Promise.all(
      [note.id, newEntityId()].map((id) => mallory.fetch(`/api/v1/entities/${id}/content`)),
    );
    expect(there?.status).toBe(404);
    expect(await there?.json()).toEqual(await nowhere?.json());
  });

  it('a relation to it', async () => {
    const mine = await mallory.note('mine');
    for (const ends of [
      { sourceId: mine.id, targetId: note.id },
      { sourceId: note.id, targetId: mine.id },
    ]) {
      const answer = await mallory.mutate('relations.create', { ...ends, type: 'mentions' });
      expect(answer).toMatchObject({ status: 404, error: { data: { reason: 'NOT_FOUND' } } });
    }
  });

  it('every list', async () => {
    const lists = ['entities.list', 'tasks.list', 'relations.list', 'events.list', 'tags.list', 'keys.list'];
    for (const procedure of lists) {
      expect(JSON.stringify(await mallory.get(procedure))).not.toMatch(/secret|relates_to/i);
    }
    for (const filter of [
      { aggregateId: note.id },
      { aggregateId: relation.id },
      { type: 'entity.created', before: '999' },
    ]) {
      expect(JSON.stringify(await mallory.get('events.list', filter))).not.toMatch(/secret|relates_to/i);
    }
    expect(await mallory.get('entities.list', { tag: 'secret' })).toEqual({ items: [], nextCursor: null });
    expect(await mallory.get('relations.list', { id: note.id })).toEqual({ items: [], nextCursor: null });
  });

  it('and nothing of it was changed by trying', async () => {
    expect(await alice.get('entities.get', { id: task.id })).toEqual(task);
    expect(await alice.get('entities.get', { id: note.id })).toEqual(note);
    expect(await alice.get('relations.list')).toEqual({ items: [relation], nextCursor: null });
  });
});

describe('who calls', () => {
  const request = (path: string, init: RequestInit = {}) => server.app.app.request(path, init);
  const post = { method: 'POST', body: '{"content":"x"}' };

  it.each([
    ['nothing', {}],
    ['an unknown key', { authorization: `Bearer synap_${'x'.repeat(43)}` }],
    ['another scheme', { authorization: `Basic ${btoa('a:b')}` }],
    ['an empty key', { authorization: 'Bearer ' }],
    ['a cookie', { cookie: 'session=x' }],
  ])('with %s is nobody', async (_name, headers) => {
    const json = { 'content-type': 'application/json', ...(headers as Record<string, string>) };
    for (const response of await Promise.all([
      request('/trpc/entities.list', { headers: json }),
      request('/trpc/notes.create', { ...post, headers: json }),
    ])) {
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await response.json()).toMatchObject({
        error: { data: { code: 'UNAUTHORIZED', httpStatus: 401, reason: 'UNAUTHENTICATED' } },
      });
    }
    const raw = await request(`/api/v1/entities/${note.id}/content`, { headers: json });
    expect(raw.status).toBe(401);
    expect(await raw.json()).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
  });

  it('may do what the key’s scopes say', async () => {
    const [reader, writer, admin] = await Promise.all([
      server.keyOf(alice, ['read']),
      server.keyOf(alice, ['write']),
      server.keyOf(alice, ['admin']),
    ]);
    const lacks = (scope: string) => ({
      status: 403,
      error: { data: { code: 'FORBIDDEN', reason: 'INSUFFICIENT_SCOPE', scope } },
    });
    await reader.get('entities.get', { id: note.id });
    await reader.bytes(note.id);
    expect(await reader.mutate('notes.create', { content: 'x' })).toMatchObject(lacks('write'));
    expect(await reader.query('keys.list')).toMatchObject(lacks('admin'));
    await writer.get('entities.get', { id: note.id });
    await writer.note('written');
    expect(await writer.mutate('keys.create', { name: 'x' })).toMatchObject(lacks('admin'));
    await admin.note('administered');
    await admin.get('keys.list');
  });

  it('may make keys, sees each once, and is locked out as soon as one is revoked', async () => {
    const admin = await server.client(['admin']);
    const made = await admin.do<{ id: string; key: string }>('keys.create', { name: ' phone ', scopes: ['read'] });
    expect(made).toMatchObject({ key: expect.stringMatching(/^synap_/) as string, name: 'phone', scopes: ['read'] });
    const keys = await admin.get<{ id: string }[]>('keys.list');
    expect(keys).toHaveLength(2);
    expect(JSON.stringify(keys)).not.toContain(made.key);

    const withKey = () => request('/trpc/tags.list', { headers: { authorization: `Bearer ${made.key}` } });
    expect((await withKey()).status).toBe(200);
    expect(await admin.do('keys.revoke', { id: made.id })).toEqual({ success: true });
    expect((await withKey()).status).toBe(401);
    const revoke = { status: 404, error: { data: { reason: 'NOT_FOUND' } } };
    expect(await admin.mutate('keys.revoke', { id: made.id })).toMatchObject(revoke);
    expect(await mallory.mutate('keys.revoke', { id: keys[0]?.id })).toMatchObject(revoke);
  });
});
