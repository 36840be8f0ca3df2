import { foldEntity, foldRelation, stateOf, toRelation } from '@initiativ/core';
import { type Entity, entityId, type Relation, relationId, TaskStatus } from '@synap/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, type TestServer, testServer } from './server.ts';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await testServer();
  client = await server.client();
});
afterAll(() => server.close());

const title = fc.option(fc.constantFrom('one', 'two'), { nil: null });
const tags = fc.uniqueArray(fc.constantFrom('a', 'b', 'ü'), { maxLength: 3 });
const content = fc.constantFrom('', 'x', '# y\r\n', '\ufeffz\0');
const task = fc.record(
  {
    status: fc.constantFrom(...Object.values(TaskStatus)),
    priority: fc.nat({ max: 3 }),
    dueDate: fc.constantFrom(null, '2026-01-02T03:04:05.678Z', '0001-01-01T00:00:00Z', '2026-06-01T12:00:00+02:00'),
  },
  { requiredKeys: [] },
);
const creation = fc.record(
  { type: fc.constantFrom('note', 'task', 'file'), title, content, tags },
  { requiredKeys: ['type'] },
);
const step = fc.oneof(
  fc.tuple(fc.constant('entities.update'), fc.record({ title, content, tags, task }, { requiredKeys: [] })),
  fc.tuple(fc.constant('entities.update'), fc.record({ title, content, tags }, { requiredKeys: [] })),
  fc.tuple(fc.constant('tasks.setStatus'), fc.record({ status: fc.constantFrom(...Object.values(TaskStatus)) })),
  fc.tuple(fc.constant('entities.delete'), fc.constant({})),
  fc.tuple(
    fc.constant('entities.restore'),
    fc.record({ version: fc.integer({ min: 1, max: 6 }) }, { requiredKeys: [] }),
  ),
);

/** What the database projected at each version, and what the events before it lead to. */
async function compare(id: string): Promise<void> {
  const events = await server.events.getAggregateEvents(client.userId, entityId(id));
  expect(events.map((event) => event.version)).toEqual(events.map((_, index) => index + 1));
  for (const { version } of events) {
    const record = await server.entities.getVersion(client.userId, entityId(id), version);
    expect(foldEntity(events.slice(0, version))).toEqual(record && stateOf(record.entity, record.key));
  }
  const newest = await server.entities.get(client.userId, entityId(id));
  expect(foldEntity(events)).toEqual(newest && stateOf(newest.entity, newest.key));
}

describe('events lead to what the database projected', () => {
  it('for whatever commands, at every version', async () => {
    const life = fc.tuple(creation, fc.array(step, { minLength: 2, maxLength: 12 }));
    await fc.assert(
      fc.asyncProperty(life, async ([first, steps]) => {
        let seen = await client.do('entities.create', first);
        for (const [procedure, input] of steps) {
          const answer = await client.mutate(procedure, { id: seen.id, ...input });
          // A command that makes no sense in this state, or a version that never was: nothing may have happened.
          if (answer.error) expect(['INVALID_STATE', 'NOT_FOUND']).toContain(answer.error.data.reason);
          else seen = answer.data as Entity;
          expect(await client.get('entities.get', { id: seen.id })).toEqual(seen);
        }
        await compare(seen.id);
      }),
      { numRuns: 15 },
    );
  });

  it('for a relation that comes and goes', async () => {
    const [a, b] = await Promise.all([client.note('a'), client.note('b')]);
    const ends = { sourceId: a.id, targetId: b.id, type: 'derived_from' };
    const first = await client.do<Relation>('relations.create', ends);
    await client.do('relations.delete', { id: first.id });
    const second = await client.do<Relation>('relations.create', ends);
    expect(second.id).toBe(first.id);
    const events = await server.events.getAggregateEvents(client.userId, relationId(first.id));
    const state = foldRelation(events);
    expect(state && toRelation(state)).toEqual(second);
    expect(await client.get('relations.list', { id: a.id })).toEqual({ items: [second], nextCursor: null });
  });
});
