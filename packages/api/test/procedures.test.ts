import { type Entity, newCorrelationId, newEntityId, type Relation } from '@synap/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerOf, type Client, type TestServer, testServer } from './server.ts';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await testServer();
});
beforeEach(async () => {
  client = await server.client();
});
afterAll(() => server.close());

interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** Every page of a list, one after the other. */
async function pages<Item>(procedure: string, input: object, cursorName = 'cursor'): Promise<Item[][]> {
  const all: Item[][] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: Page<Item> = await client.get(procedure, { ...input, ...(cursor && { [cursorName]: cursor }) });
    all.push(page.items);
    cursor = page.nextCursor;
  }
  return all;
}

describe('entities.list', () => {
  it('is newest first, in pages without gap or overlap', async () => {
    const notes = await Promise.all(Array.from({ length: 7 }, (_, n) => client.note(`note ${n}`)));
    const listed = await pages<Entity>('entities.list', { limit: 3 });
    expect(listed.map((page) => page.length)).toEqual([3, 3, 1]);
    const ids = listed.flat().map((entity) => entity.id);
    expect(new Set(ids)).toEqual(new Set(notes.map((note) => note.id)));
    const times = listed.flat().map((entity) => entity.createdAt);
    expect(times).toEqual([...times].sort().reverse());
  });

  it('filters by type, tag, status and instant', async () => {
    const note = await client.note('x', { tags: ['a', 'b'] });
    const idea = await client.do('entities.create', { type: 'idea', title: 'i', tags: ['a'] });
    const task = await client.do('entities.create', { type: 'task', title: 't', task: { priority: 1 } });
    await client.do('tasks.setStatus', { id: task.id, status: 'done' });
    const ids = async (query: object) =>
      (await client.get<Page<Entity>>('entities.list', query)).items.map(({ id }) => id);
    expect(await ids({ type: 'note' })).toEqual([note.id]);
    expect(new Set(await ids({ tag: 'a' }))).toEqual(new Set([note.id, idea.id]));
    expect(await ids({ tag: 'A' })).toEqual([]);
    expect(await ids({ status: 'done' })).toEqual([task.id]);
    expect(await ids({ status: 'todo', at: task.updatedAt })).toEqual([task.id]);
    expect(await ids({ at: '2001-01-01T00:00:00Z' })).toEqual([]);
    expect(await ids({ order: 'createdAt desc' })).toHaveLength(3);
    expect(await client.get('tags.list')).toEqual([
      { name: 'a', count: 2 },
      { name: 'b', count: 1 },
    ]);
  });

  it.each([
    ['limit', { limit: 0 }],
    ['limit', { limit: 101 }],
    ['limit', { limit: 1.5 }],
    ['type', { type: 'person' }],
    ['status', { status: 'open' }],
    ['at', { at: 'yesterday' }],
    ['at', { at: '0000-01-01T00:00:00Z' }],
    ['order', { order: 'title asc' }],
  ])('refuses a bad %s, and says so: %o', async (field, input) => {
    const answer = await client.query('entities.list', input);
    expect(answer).toMatchObject({ status: 400, error: { data: { reason: 'VALIDATION_FAILED', field } } });
    expect(answer.error?.message).toMatch(new RegExp(`^${field}: `));
  });

  it('refuses a cursor that is none of ours', async () => {
    for (const cursor of ['x', 'W10', btoa('["2026",1]')]) {
      const answer = await client.query('entities.list', { cursor });
      expect(answer).toMatchObject({ status: 400, error: { data: { reason: 'VALIDATION_FAILED' } } });
    }
  });
});

describe('ids', () => {
  it.each(['', 'x', '../../etc/passwd', '%00', `${newEntityId()}x`])('%o is none', async (id) => {
    const answer = await client.query('entities.get', { id });
    expect(answer).toMatchObject({ status: 400, error: { data: { reason: 'INVALID_ID' } } });
  });

  it('in upper case are the same', async () => {
    const { id } = await client.note('x');
    expect(await client.get('entities.get', { id: id.toUpperCase() })).toMatchObject({ id });
  });
});

describe('tasks', () => {
  it('go through their states', async () => {
    const dueDate = '2026-06-01T12:00:00+02:00';
    const made = await client.do('entities.create', {
      type: 'task',
      title: 'Buy milk',
      task: { priority: 2, dueDate },
    });
    expect(made.task).toEqual({ status: 'todo', priority: 2, dueDate: '2026-06-01T10:00:00.000Z', completedAt: null });
    const { id } = made;
    const done = await client.do('tasks.setStatus', { id, status: 'done', expectedVersion: 1 });
    expect(done.task?.completedAt).toMatch(/^\d{4}-.*Z$/);
    const open = await client.do('entities.update', { id, task: { status: 'in_progress', dueDate: null } });
    expect(open.task).toEqual({ status: 'in_progress', priority: 2, dueDate: null, completedAt: null });
    const list = (query: object) => client.get<Page<Entity>>('tasks.list', query);
    await client.note('no task');
    expect(await list({})).toEqual({ items: [open], nextCursor: null });
    expect(await list({ status: 'done' })).toEqual({ items: [], nextCursor: null });
  });

  it('are the only ones with a status', async () => {
    const { id } = await client.note('x');
    for (const [procedure, input] of [
      ['tasks.setStatus', { id, status: 'done' }],
      ['entities.update', { id, task: { priority: 1 } }],
      ['entities.create', { type: 'note', task: {} }],
    ] as const) {
      const answer = await client.mutate(procedure, input);
      expect(answer).toMatchObject({ status: 400, error: { data: { reason: 'INVALID_STATE' } } });
    }
  });
});

describe('relations', () => {
  it('are made once, listed from both ends, and deleted', async () => {
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((text) => client.note(text)));
    const ab = await client.do<Relation>('relations.create', { sourceId: a?.id, targetId: b?.id, type: 'contains' });
    const cb = await client.do<Relation>('relations.create', { sourceId: c?.id, targetId: b?.id, type: 'mentions' });
    expect(ab).toEqual({ id: ab.id, sourceId: a?.id, targetId: b?.id, type: 'contains', createdAt: ab.createdAt });
    expect(await client.do('relations.create', { sourceId: a?.id, targetId: b?.id, type: 'contains' })).toEqual(ab);
    const ids = async (query: object) =>
      new Set((await pages<Relation>('relations.list', query)).flat().map(({ id }) => id));
    expect(await ids({ limit: 1 })).toEqual(new Set([ab.id, cb.id]));
    expect(await ids({ id: b?.id })).toEqual(new Set([ab.id, cb.id]));
    expect(await ids({ id: a?.id })).toEqual(new Set([ab.id]));
    expect(await client.do('relations.delete', { id: ab.id })).toEqual({ success: true });
    expect(await client.do('relations.delete', { id: ab.id })).toEqual({ success: true });
    expect(await ids({})).toEqual(new Set([cb.id]));
  });

  it('need two entities that are there', async () => {
    const [a, b] = await Promise.all([client.note('a'), client.note('b')]);
    const refused = (targetId: string, type = 'blocks') =>
      client.mutate('relations.create', { sourceId: a.id, targetId, type });
    expect(await refused(newEntityId())).toMatchObject({ status: 404 });
    expect(await refused(a.id)).toMatchObject({ status: 400, error: { data: { reason: 'INVALID_STATE' } } });
    expect(await refused(b.id, 'loves')).toMatchObject({ status: 400, error: { data: { field: 'type' } } });
    await client.do('entities.delete', { id: b.id });
    expect(await refused(b.id)).toMatchObject({ status: 400, error: { data: { reason: 'INVALID_STATE' } } });
  });
});

describe('events.list', () => {
  it('shows what happened, newest first, with what only the user may know and not where it is stored', async () => {
    const correlationId = newCorrelationId();
    const headers = { 'x-correlation-id': correlationId };
    const made = await client.mutate('notes.create', { content: 'x', title: 'T', tags: ['a'] }, headers);
    const { id, checksum } = (made.data as { note: Entity }).note;
    await client.mutate('entities.delete', { id }, { 'x-correlation-id': 'no uuid' });
    const { items, nextCursor } = await client.get<Page<Record<string, unknown>>>('events.list', { aggregateId: id });
    expect(nextCursor).toBeNull();
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({ type: 'entity.deleted', version: 2, data: {}, correlationId: null });
    expect(items[1]).toEqual({
      id: expect.any(String) as string,
      position: expect.any(Number) as number,
      type: 'entity.created',
      aggregateId: id,
      aggregateType: 'entity',
      version: 1,
      timestamp: expect.any(String) as string,
      source: 'api',
      data: {
        type: 'note',
        fileType: 'markdown',
        task: null,
        title: 'T',
        tags: ['a'],
        preview: 'x',
        path: null,
        checksum,
        size: 1,
      },
      correlationId,
    });
  });

  it('goes back in pages, and filters by type', async () => {
    for (let n = 0; n < 5; n++) await client.note(`${n}`);
    const all = (await pages<{ position: number }>('events.list', { limit: 2 }, 'before')).flat();
    expect(all).toHaveLength(5);
    expect(all.map((event) => event.position)).toEqual(all.map((event) => event.position).sort((a, b) => b - a));
    expect(await client.get('events.list', { before: all[3]?.position })).toMatchObject({ items: [all[4]] });
    expect(await client.get('events.list', { type: 'task.completed' })).toEqual({ items: [], nextCursor: null });
    expect(await client.query('events.list', { before: '1e9' })).toMatchObject({ status: 400 });
  });
});

describe('calls', () => {
  it('come in batches, each with its own answer', async () => {
    const { id } = await client.note('x');
    const input = JSON.stringify({ 0: { id }, 1: { id: newEntityId() } });
    const response = await client.fetch(`/trpc/entities.get,entities.get?batch=1&input=${encodeURIComponent(input)}`);
    expect(response.status).toBe(207);
    expect(await response.json()).toMatchObject([
      { result: { data: { id } } },
      { error: { data: { reason: 'NOT_FOUND' } } },
    ]);
  });

  it.each([
    ['an unknown procedure', '/trpc/entities.explode', {}, 404, 'NOT_FOUND'],
    ['a mutation by GET', '/trpc/notes.create', {}, 405, 'VALIDATION_FAILED'],
    [
      'a form',
      '/trpc/notes.create',
      { method: 'POST', body: new URLSearchParams('content=x') },
      415,
      'VALIDATION_FAILED',
    ],
    ['an input that is no JSON', '/trpc/entities.get?input=%7B', {}, 400, 'VALIDATION_FAILED'],
    ['a path that is no UTF-8', '/trpc/%ff', {}, 400, 'VALIDATION_FAILED'],
    ['too many at once', `/trpc/${'tags.list,'.repeat(1000)}tags.list?batch=1`, {}, 413, 'BATCH_TOO_LARGE'],
  ])('%s is refused', async (_name, path, init, status, reason) => {
    const answer = await answerOf(await client.fetch(path, init));
    expect(answer).toMatchObject({ status, error: { data: { httpStatus: status, reason } } });
    expect(answer.error?.data).not.toHaveProperty('stack');
  });

  it('can ask what runs', async () => {
    expect(await client.get('system.info')).toMatchObject({ name: 'synap', storage: 'fs' });
  });
});
