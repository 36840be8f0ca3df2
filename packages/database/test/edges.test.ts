import { type JsonObject, newEntityId, timestamp } from '@synap/types';
import { describe, expect, it } from 'vitest';
import { verifyEvents } from '../src/index.ts';
import { custom, entityEvent, noteCreated, task, taskCreated } from './support/events.ts';
import { asOwner, collect, failure, findings, useLibrary } from './support/library.ts';

const library = useLibrary();

const TEXTS: Record<string, string> = {
  emoji: '👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪',
  'right to left': 'שלום \u202eevil\u202c عالم',
  'combining marks, not normalised': 'e\u0301 vs \u00e9 and \u1e9b\u0323',
  'astral plane': '𝒜 \u{10ffff} \u{1f4a9}',
  'line ends': 'a\r\nb\u2028c\u2029d\u0085',
  'control characters but NUL': Array.from({ length: 31 }, (_, code) => String.fromCharCode(code + 1)).join(''),
  'what JSON and SQL quote': `"\\ ' $1 \${x} %s; DROP TABLE events; -- \\u0041`,
  'a byte order mark': '\ufeffmarked',
  'what is no character': '\ufffe \uffff \ufdd0',
};

describe('text', () => {
  it.each(Object.entries(TEXTS))(
    'of %s comes back as it was, from the log and from the projections',
    async (_, text) => {
      const id = newEntityId();
      const event = noteCreated(library.alice, id, { title: text, preview: text, tags: [text], path: text });
      await library.events.append({ ...event, data: { ...event.data, key: text }, metadata: { [text]: text } });
      const [record] = await library.events.getAggregateEvents(library.alice, id);
      expect(record).toMatchObject({ private: { title: text, tags: [text] }, metadata: { [text]: text } });
      const found = await library.entities.get(library.alice, id);
      expect(found).toMatchObject({ entity: { title: text, preview: text, tags: [text], path: text }, key: text });
      expect((await library.entities.list(library.alice, { tag: text })).items).toHaveLength(1);
    },
  );
});

describe('JSON', () => {
  const NUMBERS = [
    1e21,
    1e-7,
    5e-324,
    1.7976931348623157e308,
    -0,
    0.1,
    0.1 + 0.2,
    2 ** 53,
    2 ** 53 + 2,
    123456789012345680000,
  ];

  it('keeps every double', async () => {
    const id = newEntityId();
    await library.events.append(
      custom(library.alice, { numbers: NUMBERS }, { aggregateId: id, metadata: { n: NUMBERS } }),
    );
    const [record] = await library.events.getAggregateEvents(library.alice, id);
    // JSON has no negative zero.
    expect(record?.data.numbers).toEqual(NUMBERS.map((number) => number + 0));
    expect(await collect(verifyEvents(library.database))).toEqual([]);
  });

  it('keeps names in any order, and names that mean something elsewhere', async () => {
    const id = newEntityId();
    const data: JsonObject = {
      z: 1,
      a: { '\u00e9': 1, '\ud83d\ude00': 2, '': 3, 10: 4, 9: 5 },
      constructor: { toString: 'x' },
    };
    await library.events.append(custom(library.alice, data, { aggregateId: id }));
    const [record] = await library.events.getAggregateEvents(library.alice, id);
    expect(record?.data).toEqual(data);
  });

  it('may be large', async () => {
    const id = newEntityId();
    const metadata = { large: 'äöü😀'.repeat(300_000), list: Array.from({ length: 20_000 }, (_, index) => index) };
    await Promise.all([
      library.events.append(noteCreated(library.alice, id, {}, { metadata })),
      library.events.append(noteCreated(library.alice)),
    ]);
    const [record] = await library.events.getAggregateEvents(library.alice, id);
    expect(record?.metadata).toEqual(metadata);
  });
});

describe('time', () => {
  // Years that `new Date` guesses at, a zone of seconds, and the last that ISO 8601 spells with four digits.
  it.each([
    '0001-01-01T00:00:00.000Z',
    '0050-06-15T12:00:00.001Z',
    '0099-12-31T23:59:59.999Z',
    '1890-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
  ])('%s comes back as it was', async (text) => {
    const id = newEntityId();
    const event = taskCreated(library.alice, id);
    const data = { ...event.data, task: task('todo', { dueDate: text }) };
    await library.events.append({ ...event, data, timestamp: timestamp(text) });
    const [record] = await library.events.getAggregateEvents(library.alice, id);
    expect(record).toMatchObject({ timestamp: text, data });
    const { entity } = (await library.entities.get(library.alice, id)) ?? {};
    expect(entity).toMatchObject({ createdAt: text, updatedAt: text, task: { dueDate: text } });
    expect(await library.entities.getAt(library.alice, id, new Date(text))).not.toBeNull();
  });

  it('that PostgreSQL cannot hold is bad input', async () => {
    const event = taskCreated(library.alice);
    const data = { ...event.data, task: task('todo', { dueDate: '0000-01-01T00:00:00.000Z' }) };
    expect((await failure(library.events.append({ ...event, data }))).code).toBe('VALIDATION_FAILED');
    const query = { from: new Date('0000-01-01T00:00:00.000Z') };
    expect((await failure(library.events.getUserEvents(library.alice, query))).code).toBe('VALIDATION_FAILED');
  });

  it('never goes back in the log when the clock does', async () => {
    const [{ ahead } = {}] = await asOwner(
      library.database,
      `UPDATE log_head SET recorded_at = recorded_at + interval '1 hour' RETURNING recorded_at AS ahead`,
    );
    const results = [];
    for (let n = 0; n < 3; n++) results.push(await library.events.append(noteCreated(library.alice)));
    results.push(...(await Promise.all([1, 2].map(() => library.events.append(noteCreated(library.bob))))));
    expect(results.map((result) => result.recordedAt)).toEqual(results.map(() => ahead));
    // Those that were appended at once may come in either order.
    const positions = results.map((result) => result.position).toSorted((a, b) => a - b);
    expect(positions).toEqual(positions.map((_, index) => (positions[0] ?? 0) + index));
  });
});

it('numbers beyond what their columns hold are bad input', async () => {
  const event = taskCreated(library.alice);
  const data = { ...event.data, task: task('todo', { priority: 2 ** 40 }) };
  const results = await Promise.allSettled([
    library.events.append(noteCreated(library.alice)),
    library.events.append({ ...event, data }),
  ]);
  expect(results).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'VALIDATION_FAILED' } }]);
  expect(await library.entities.getVersion(library.alice, newEntityId(), Number.MAX_SAFE_INTEGER)).toBeNull();
});

it('a stream’s events of any type count as versions of it', async () => {
  const id = newEntityId();
  await library.events.append(noteCreated(library.alice, id));
  await library.events.append(entityEvent(library.alice, id, 'entity.deleted', 1));
  await library.events.append(entityEvent(library.alice, id, 'entity.restored', 2, { data: { version: 1 } }));
  expect(await library.entities.get(library.alice, id)).toMatchObject({ entity: { version: 3, deletedAt: null } });
});

it('leaves a log and projections that verify', async () => {
  expect(await findings(library.database)).toEqual([]);
});
