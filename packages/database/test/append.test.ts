import { type EntityId, newEntityId, newEventId } from '@synap/types';
import { describe, expect, it } from 'vitest';
import type { AppendEventData, ExpectedVersion } from '../src/index.ts';
import { custom, noteCreated, related, titled } from './support/events.ts';
import { failure, findings, useLibrary } from './support/library.ts';

const library = useLibrary();

async function streamOf(length: number): Promise<EntityId> {
  const id = newEntityId();
  for (let version = 1; version <= length; version++) {
    await library.events.append(version === 1 ? noteCreated(library.alice, id) : titled(library.alice, id, 'x', 'any'));
  }
  return id;
}

describe('the expected version of an append', () => {
  const cases: { expected: ExpectedVersion; length: number; wins: boolean }[] = [
    { expected: 'no-stream', length: 0, wins: true },
    { expected: 'no-stream', length: 2, wins: false },
    { expected: 0, length: 0, wins: true },
    { expected: 0, length: 2, wins: false },
    { expected: 'exists', length: 2, wins: true },
    { expected: 'exists', length: 0, wins: false },
    { expected: 'any', length: 0, wins: true },
    { expected: 'any', length: 2, wins: true },
    { expected: 2, length: 2, wins: true },
    { expected: 1, length: 2, wins: false },
    { expected: 3, length: 2, wins: false },
    { expected: 1, length: 0, wins: false },
    { expected: 2 ** 31, length: 2, wins: false },
    { expected: Number.MAX_SAFE_INTEGER, length: 2, wins: false },
  ];
  it.each(cases)('$expected on a stream of $length: wins $wins', async ({ expected, length, wins }) => {
    const id = await streamOf(length);
    const append = library.events.append(titled(library.alice, id, 'new', expected));
    if (wins) {
      expect(await append).toMatchObject({ duplicate: false, aggregateId: id, version: length + 1 });
    } else {
      expect(await failure(append)).toMatchObject({ code: 'VERSION_CONFLICT', details: { actualVersion: length } });
    }
    expect(await library.events.getAggregateVersion(library.alice, id)).toBe(length + Number(wins) || null);
  });

  it.each([-1, -2, -3, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('%s is none', async (expected) => {
    const id = await streamOf(1);
    const error = await failure(library.events.append(titled(library.alice, id, 'new', expected)));
    expect(error.code).toBe('VALIDATION_FAILED');
    expect(await library.events.getAggregateVersion(library.alice, id)).toBe(1);
  });

  const forms: ExpectedVersion[] = [0, 1, 2, 'no-stream', 'exists', 'any'];
  it.each(forms)('%s on the stream of another user is refused and tells nothing', async (expected) => {
    const id = await streamOf(2);
    const error = await failure(library.events.append(titled(library.bob, id, 'stolen', expected)));
    expect(error).toMatchObject({ code: 'NOT_FOUND', details: {} });
    expect(JSON.stringify(error)).not.toContain(id);
    expect(error.message).not.toMatch(/\d/);
    expect(await library.events.getAggregateVersion(library.alice, id)).toBe(2);
  });
});

describe('a group', () => {
  it('with a conflict, a poisonous item and one of another user writes the others', async () => {
    const taken = await streamOf(1);
    const positionBefore = (await library.events.append(noteCreated(library.alice))).position;
    const items: AppendEventData[] = [
      noteCreated(library.alice),
      titled(library.alice, taken, 'late', 7),
      noteCreated(library.alice, newEntityId(), { title: 'NUL \u0000 in the title' }),
      titled(library.bob, taken, 'not mine', 'any'),
      noteCreated(library.bob),
      noteCreated(library.alice, newEntityId(), { title: 'last' }),
    ];
    const results = await Promise.allSettled(items.map((item) => library.events.append(item)));
    expect(results.map((result) => (result.status === 'fulfilled' ? 'ok' : result.reason.code))).toEqual([
      'ok',
      'VERSION_CONFLICT',
      'INVALID_TEXT',
      'NOT_FOUND',
      'ok',
      'ok',
    ]);
    const positions = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.position] : []));
    expect(positions).toEqual([1, 2, 3].map((step) => positionBefore + step));
  });

  it('keeps the order of one stream', async () => {
    const id = newEntityId();
    const events = [
      noteCreated(library.alice, id),
      ...['b', 'c', 'd'].map((t, n) => titled(library.alice, id, t, n + 1)),
    ];
    const results = await Promise.all(events.map((event) => library.events.append(event)));
    expect(results.map((result) => result.version)).toEqual([1, 2, 3, 4]);
    expect((await library.entities.get(library.alice, id))?.entity).toMatchObject({ title: 'd', version: 4 });
  });
});

describe('an event', () => {
  it('reads back as it was written, to its user alone', async () => {
    const id = newEntityId();
    const event = noteCreated(library.alice, id, { title: 'Ω', tags: ['a', 'b'] }, { metadata: { from: 'a test' } });
    const causationId = newEventId();
    const result = await library.events.append({ ...event, causationId, source: 'sync' });
    const [record] = await library.events.getAggregateEvents(library.alice, id);
    expect(record).toMatchObject({
      id: result.id,
      position: result.position,
      version: 1,
      data: event.data,
      private: event.private,
      metadata: { from: 'a test' },
      causationId,
      correlationId: null,
      source: 'sync',
      recordedAt: result.recordedAt,
      timestamp: result.recordedAt,
    });
    expect(await library.events.getAggregateEvents(library.bob, id)).toEqual([]);
    expect(await library.events.getAggregateVersion(library.bob, id)).toBeNull();
    expect(await library.events.getUserEvents(library.bob, { aggregateId: id })).toEqual([]);
  });

  it.each([
    ['an unknown type', { ...custom(library.alice, {}), eventType: 'entity.exploded' }],
    ['a name of Object.prototype as type', { ...custom(library.alice, {}), eventType: 'constructor' }],
    ['a field that the schema lacks', { ...noteCreated(library.alice), data: { type: 'note', hack: 1 } }],
    ['the field that stands for the private ones', custom(library.alice, { private: { title: 'x' } })],
    ['an empty one of that name', custom(library.alice, { private: {} })],
    ['a number that is none', custom(library.alice, {}, { metadata: { n: Number.NaN } })],
  ] as const)('with %s is refused', async (_, event) => {
    expect((await failure(library.events.append(event))).code).toBe('INVALID_EVENT');
  });

  it('with half a character is refused', async () => {
    for (const event of [
      noteCreated(library.alice, newEntityId(), { title: 'half \ud83d' }),
      custom(library.alice, { deep: [{ 'key \udc00': 1 }] }),
    ]) {
      expect((await failure(library.events.append(event))).code).toBe('INVALID_TEXT');
    }
  });

  it('nested far too deep is refused and harms nothing', async () => {
    for (const depth of [990, 3_000, 20_000, 500_000]) {
      const nested = JSON.parse(`${'['.repeat(depth)}1${']'.repeat(depth)}`);
      for (const event of [custom(library.alice, { nested }), custom(library.alice, {}, { metadata: { nested } })]) {
        const outcome = await library.events.append(event).then(
          () => 'kept',
          (error) => error.code,
        );
        expect(outcome).toBe(depth < 1_000 ? 'kept' : 'INVALID_EVENT');
      }
    }
    await library.events.append(noteCreated(library.alice));
  });

  it('of a user’s own is no task and no tag, whatever it says', async () => {
    const results = await Promise.all([
      library.events.append(custom(library.alice, { task: { status: 'not a status' }, tags: ['mine'] })),
      library.events.append(custom(library.alice, { task: 'status' })),
      library.events.append(noteCreated(library.alice)),
    ]);
    expect(results.every((result) => result.version === 1)).toBe(true);
    expect(await library.events.getUserEvents(library.alice, { type: 'custom.thing', limit: 2 })).toHaveLength(2);
  });

  it('of the machine’s own work makes no tag of an entity', async () => {
    const id = newEntityId();
    await library.events.append({
      ...custom(library.bob, { entityId: newEntityId(), entityVersion: 1, model: 'm' }, { aggregateId: id }),
      eventType: 'ai.enrichment_completed',
      private: { title: 'suggested', tags: ['suggested'] },
    });
    expect(await library.entities.listTags(library.bob)).toEqual([]);
    const rows = await library.database.transaction({ role: 'app', userId: library.bob }, [
      { sql: 'SELECT FROM tags' },
      { sql: 'SELECT FROM entity_tags' },
    ]);
    expect(rows).toEqual([[], []]);
  });

  it('that names a tag twice gives it once', async () => {
    const id = newEntityId();
    await library.events.append(noteCreated(library.alice, id, { tags: ['twice', 'twice'] }));
    expect(await library.entities.listTags(library.alice)).toContainEqual({ name: 'twice', count: 1 });
  });

  it('of a relation is undone by its deletion', async () => {
    const [a, b] = [await streamOf(1), await streamOf(1)];
    const event = related(library.alice, a, b);
    const { aggregateId } = await library.events.append(event);
    expect((await library.relations.list(library.alice, { id: a })).items).toHaveLength(1);
    await library.events.append({ ...event, eventType: 'relation.deleted', data: {}, expectedVersion: 1 });
    expect((await library.relations.list(library.alice, { id: a })).items).toEqual([]);
    expect(await library.events.getAggregateVersion(library.alice, aggregateId)).toBe(2);
  });
});

it('leaves a log and projections that verify', async () => {
  expect(await findings(library.database)).toEqual([]);
});
