import { createHash } from 'node:crypto';
import { newEntityId, newEventId, SynapError } from '@synap/types';
import { describe, expect, it } from 'vitest';
import {
  type AppendEventData,
  Committer,
  EventRepository,
  findByIdempotencyKey,
  type Idempotency,
  PostgresDatabase,
} from '../src/index.ts';
import { noteCreated, titled } from './support/events.ts';
import { asOwner, failure, findings, useLibrary } from './support/library.ts';
import { wrapped } from './support/wrapped.ts';

const library = useLibrary();

function keyed(event: AppendEventData, key: string, input = 'input', procedure = 'notes.create'): AppendEventData {
  const idempotency: Idempotency = { procedure, key, inputHash: createHash('sha256').update(input).digest() };
  return { ...event, idempotency };
}

/** A database that does what it is told and whose first answer is lost. */
function losesFirstAnswer(): EventRepository {
  let lost = false;
  const database = wrapped(library.database, async (statement, pass) => {
    const rows = await pass(statement);
    if (lost) return rows;
    lost = true;
    throw new SynapError('DATABASE_UNAVAILABLE', 'The answer was lost.');
  });
  return new EventRepository(database, new Committer(database));
}

describe('after a lost answer', () => {
  it('the committer’s retry gives the first result and one event', async () => {
    const id = newEntityId();
    const result = await losesFirstAnswer().append(noteCreated(library.alice, id));
    expect(result).toMatchObject({ duplicate: false, version: 1, aggregateId: id });
    expect(await library.events.getAggregateEvents(library.alice, id)).toMatchObject([{ position: result.position }]);
  });

  it('whatever version was expected', async () => {
    const id = newEntityId();
    await library.events.append(noteCreated(library.alice, id));
    const results = [
      await losesFirstAnswer().append(titled(library.alice, id, 'b', 1)),
      await losesFirstAnswer().append(titled(library.alice, id, 'c', 'any')),
      await losesFirstAnswer().append(titled(library.alice, id, 'd', 'exists')),
    ];
    expect(results.map((result) => result.version)).toEqual([2, 3, 4]);
    expect(await library.events.getAggregateVersion(library.alice, id)).toBe(4);
  });

  it('a whole group is found again, and who lost a conflict still has lost', async () => {
    const events = losesFirstAnswer();
    const taken = newEntityId();
    await library.events.append(noteCreated(library.alice, taken));
    const results = await Promise.allSettled([
      events.append(noteCreated(library.alice)),
      events.append(noteCreated(library.alice, taken)),
      events.append(noteCreated(library.bob)),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('a second append with the same event id gives the first result, also much later', async () => {
    const id = newEntityId();
    const event = { ...noteCreated(library.alice, id), id: newEventId() };
    const first = await library.events.append(event);
    await library.events.append(titled(library.alice, id, 'went on', 'any'));
    await library.reopen();
    expect(await library.events.append(event)).toEqual(first);
    expect(await library.events.getAggregateVersion(library.alice, id)).toBe(2);
  });

  it('another user’s event id is refused', async () => {
    const event = { ...noteCreated(library.alice), id: newEventId() };
    await library.events.append(event);
    const error = await failure(library.events.append({ ...noteCreated(library.bob), id: event.id }));
    expect(error).toMatchObject({ code: 'NOT_FOUND', details: {} });
  });
});

describe('an idempotency key', () => {
  it('with the same input gives the first result, also after a new start', async () => {
    const first = await library.events.append(keyed(noteCreated(library.alice), 'again'));
    const second = await library.events.append(keyed(noteCreated(library.alice), 'again'));
    expect(second).toEqual({ ...first, duplicate: true });
    await library.reopen();
    expect(await library.events.append(keyed(noteCreated(library.alice), 'again'))).toEqual(second);
    expect(await findByIdempotencyKey(library.database, library.alice, 'notes.create', 'again')).toMatchObject({
      aggregateId: first.aggregateId,
      version: 1,
    });
  });

  it('decides before the version does', async () => {
    const id = newEntityId();
    await library.events.append(noteCreated(library.alice, id));
    const first = await library.events.append(keyed(titled(library.alice, id, 'b', 1), 'update'));
    expect(await library.events.append(keyed(titled(library.alice, id, 'b', 1), 'update'))).toEqual({
      ...first,
      duplicate: true,
    });
  });

  it('with another input is refused', async () => {
    await library.events.append(keyed(noteCreated(library.alice), 'other', 'one'));
    const error = await failure(library.events.append(keyed(noteCreated(library.alice), 'other', 'two')));
    expect(error.code).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('of another user or procedure has nothing to do with it', async () => {
    const results = [
      await library.events.append(keyed(noteCreated(library.alice), 'shared', 'one')),
      await library.events.append(keyed(noteCreated(library.bob), 'shared', 'two')),
      await library.events.append(keyed(noteCreated(library.alice), 'shared', 'three', 'entities.create')),
    ];
    expect(results.map((result) => result.duplicate)).toEqual([false, false, false]);
    expect(await findByIdempotencyKey(library.database, library.bob, 'notes.create', 'again')).toBeNull();
  });

  it('used twice in one group makes one event', async () => {
    const results = await Promise.all([
      library.events.append(keyed(noteCreated(library.alice), 'at once')),
      library.events.append(noteCreated(library.alice)),
      library.events.append(keyed(noteCreated(library.alice), 'at once')),
    ]);
    expect(results[2]).toEqual({ ...results[0], duplicate: true });
    const rows = await asOwner(library.database, `SELECT FROM event_ids WHERE idempotency_key = 'at once'`);
    expect(rows).toHaveLength(1);
  });

  it('that no index could hold is refused as bad input, and alone', async () => {
    // Random, so that compression does not make it fit.
    const long = Array.from({ length: 400 }, () => newEntityId()).join('');
    const results = await Promise.allSettled([
      library.events.append(noteCreated(library.alice)),
      library.events.append(keyed(noteCreated(library.alice), long)),
      library.events.append(noteCreated(library.bob)),
    ]);
    expect(results).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'VALIDATION_FAILED' } },
      { status: 'fulfilled' },
    ]);
  });

  it.skipIf(!process.env.TEST_DATABASE_URL)(
    'used by two processes at once makes one event (needs TEST_DATABASE_URL)',
    async () => {
      const other = new PostgresDatabase({ url: library.test.url ?? '' }, 'postgres');
      const events = new EventRepository(other, new Committer(other));
      try {
        for (let round = 0; round < 10; round++) {
          const [a, b] = await Promise.all(
            [library.events, events].map((at) => at.append(keyed(noteCreated(library.alice), `race ${round}`))),
          );
          expect(new Set([a?.aggregateId, b?.aggregateId]).size).toBe(1);
          expect([a?.duplicate, b?.duplicate].map(Number).toSorted((x, y) => x - y)).toEqual([0, 1]);
        }
      } finally {
        await other.close();
      }
    },
  );
});

it('leaves a log and projections that verify', async () => {
  expect(await findings(library.database)).toEqual([]);
});
