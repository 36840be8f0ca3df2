import type { Neighborhood } from '@initiativ/core';
import { type Entity, newEntityId, type Relation } from '@synap/types';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Client, type TestServer, testServer } from './server.ts';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await testServer();
});
beforeEach(async () => {
  client = await server.client();
});
afterAll(() => server.close());

async function relate(source: Entity, target: Entity, type = 'mentions'): Promise<Relation> {
  return client.do('relations.create', { sourceId: source.id, targetId: target.id, type });
}

async function around(entity: Entity, depth?: number) {
  const found = await client.get<Neighborhood>('graph.neighbors', { id: entity.id, ...(depth && { depth }) });
  return {
    titles: found.nodes.map(({ title }) => title),
    edges: new Set(found.edges.map(({ id }) => id)),
    truncated: found.truncated,
  };
}

/** Notes that are called by what they are given. */
async function notes(...titles: string[]): Promise<Entity[]> {
  return Promise.all(titles.map((title) => client.note(title, { title })));
}

it('goes along relations in both directions, as far as it is told', async () => {
  const [a, b, c, d, e] = (await notes('a', 'b', 'c', 'd', 'e')) as [Entity, Entity, Entity, Entity, Entity];
  // a -> b <- c -> d <- e, and a second way between two of them.
  const [ab, cb, cd, ed] = await Promise.all([relate(a, b), relate(c, b), relate(c, d), relate(e, d)]);
  const ba = await relate(b, a, 'blocks');

  expect(await around(a)).toEqual({ titles: ['a', 'b'], edges: new Set([ab.id, ba.id]), truncated: false });
  expect(await around(a, 2)).toMatchObject({ titles: ['a', 'b', 'c'], edges: new Set([ab.id, ba.id, cb.id]) });
  expect(await around(a, 3)).toMatchObject({ titles: ['a', 'b', 'c', 'd'] });
  expect(await around(d)).toMatchObject({
    titles: expect.arrayContaining(['d', 'c', 'e']) as string[],
    edges: new Set([cd.id, ed.id]),
  });
});

it('comes to an end where relations go in a circle', async () => {
  const [a, b, c] = (await notes('a', 'b', 'c')) as [Entity, Entity, Entity];
  const circle = [await relate(a, b), await relate(b, c), await relate(c, a)];
  for (const depth of [2, 3]) {
    const found = await around(a, depth);
    expect(new Set(found.titles)).toEqual(new Set(['a', 'b', 'c']));
    expect(found.edges).toEqual(new Set(circle.map(({ id }) => id)));
  }
});

it('hides what is deleted, and does not go through it', async () => {
  const [a, b, c] = (await notes('a', 'b', 'c')) as [Entity, Entity, Entity];
  await relate(a, b);
  await relate(b, c);
  await client.do('entities.delete', { id: b.id });
  expect(await around(a, 3)).toEqual({ titles: ['a'], edges: new Set(), truncated: false });
  expect(await around(b, 3)).toEqual({ titles: [], edges: new Set(), truncated: false });
  await client.do('entities.restore', { id: b.id });
  expect((await around(a, 3)).titles).toEqual(['a', 'b', 'c']);
});

it('tells no more than can be looked at, and says so', async () => {
  const hub = await client.note('hub', { title: 'hub' });
  const spokes = await notes(...Array.from({ length: 520 }, (_, n) => `spoke ${n}`));
  await Promise.all(spokes.map((spoke) => relate(hub, spoke)));
  const found = await client.get<Neighborhood>('graph.neighbors', { id: hub.id, depth: 3 });
  expect(found.truncated).toBe(true);
  expect(found.nodes).toHaveLength(500);
  expect(found.nodes[0]?.id).toBe(hub.id);
  const known = new Set(found.nodes.map(({ id }) => id));
  expect(found.edges).toHaveLength(499);
  expect(found.edges.every(({ sourceId, targetId }) => known.has(sourceId) && known.has(targetId))).toBe(true);
});

it.each([0, 4, 1.5, -1])('refuses a depth of %s', async (depth) => {
  expect(await client.query('graph.neighbors', { id: newEntityId(), depth })).toMatchObject({ status: 400 });
});
