import { type EntityId, isSynapError, newEntityId, type UserId } from '@synap/types';
import { expect, it } from 'vitest';
import { Committer, EventRepository, PostgresDatabase } from '../src/index.ts';
import { noteCreated, titled } from './support/events.ts';
import { asOwner, findings, useLibrary } from './support/library.ts';

const library = useLibrary();
const WRITERS = 16;
const EACH = 4;

/** Reads the version, writes on top of it, and begins again when somebody was quicker. Gives the versions it won. */
async function write(events: EventRepository, userId: UserId, id: EntityId, count: number): Promise<number[]> {
  const won: number[] = [];
  while (won.length < count) {
    const version = (await events.getAggregateVersion(userId, id)) ?? 0;
    try {
      won.push((await events.append(titled(userId, id, `after ${version}`, version))).version);
    } catch (error) {
      if (!isSynapError(error, 'VERSION_CONFLICT')) throw error;
      expect(error.details.actualVersion).toBeGreaterThan(version);
    }
  }
  return won;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

async function expectDense(id: EntityId, count: number): Promise<void> {
  const stored = await library.events.getAggregateEvents(library.alice, id);
  expect(stored.map((event) => event.version)).toEqual(upTo(count));
  const positions = await asOwner(library.database, 'SELECT position FROM events ORDER BY position');
  expect(positions.map((row) => row.position)).toEqual(upTo(positions.length));
}

it('160 appends of any version to one stream all succeed', async () => {
  const id = newEntityId();
  const results = await Promise.all(
    upTo(160).map((n) =>
      library.events.append(n === 1 ? noteCreated(library.alice, id) : titled(library.alice, id, `${n}`, 'any')),
    ),
  );
  expect(results.map((result) => result.version)).toEqual(upTo(160));
  await expectDense(id, 160);
});

it('16 writers who try again give each version once', async () => {
  const id = newEntityId();
  const won = await Promise.all(upTo(WRITERS).map(() => write(library.events, library.alice, id, EACH)));
  expect(won.flat().toSorted((a, b) => a - b)).toEqual(upTo(WRITERS * EACH));
  await expectDense(id, WRITERS * EACH);
});

it('of 50 updates of one version exactly one wins', async () => {
  const id = newEntityId();
  await library.events.append(noteCreated(library.alice, id));
  const results = await Promise.allSettled(
    upTo(50).map((n) => library.events.append(titled(library.alice, id, `${n}`, 1))),
  );
  const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(lost).toHaveLength(49);
  for (const error of lost) expect(error).toMatchObject({ code: 'VERSION_CONFLICT', details: { actualVersion: 2 } });
});

it.skipIf(!process.env.TEST_DATABASE_URL)(
  'two processes with 8 writers each give each version once (needs TEST_DATABASE_URL)',
  async () => {
    const other = new PostgresDatabase({ url: library.test.url ?? '' }, 'postgres');
    const committer = new Committer(other);
    try {
      const id = newEntityId();
      const processes = [library.events, new EventRepository(other, committer)];
      const writers = processes.flatMap((events) => upTo(8).map(() => write(events, library.alice, id, 10)));
      // Others who write elsewhere meanwhile, so that positions and versions do not go in step.
      const elsewhere = processes.flatMap((events) => upTo(60).map(() => events.append(noteCreated(library.bob))));
      expect((await Promise.all(writers)).flat().toSorted((a, b) => a - b)).toEqual(upTo(160));
      await Promise.all(elsewhere);
      await expectDense(id, 160);
    } finally {
      await committer.close();
      await other.close();
    }
  },
);

it('leaves a log and projections that verify', async () => {
  expect(await findings(library.database)).toEqual([]);
});
