import { type EntityId, isSynapError, newEntityId, type UserId } from '@synap/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Committer, type Database, EventRepository, type ExpectedVersion, rebuildProjections } from '../src/index.ts';
import { entityEvent, noteCreated } from './support/events.ts';
import { asOwner, findings, useLibrary } from './support/library.ts';
import { wrapped } from './support/wrapped.ts';

const library = useLibrary();

interface Command {
  readonly user: 0 | 1;
  readonly stream: number;
  readonly expected: ExpectedVersion;
  readonly title: string | null;
  readonly tags: readonly string[];
}

interface Outcome {
  readonly command: Command;
  readonly result: { position: number; version: number } | { conflict: number } | 'denied';
}

const STREAMS = 4;
const command: fc.Arbitrary<Command> = fc.record({
  user: fc.constantFrom(0, 0, 0, 1),
  stream: fc.nat(STREAMS - 1),
  expected: fc.oneof(fc.constantFrom<ExpectedVersion>('any', 'exists', 'no-stream'), fc.nat(6)),
  title: fc.option(fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0'))),
  tags: fc.uniqueArray(fc.constantFrom('a', 'b', 'ü', '😀')),
});
/** Batches of commands that are submitted together, with a new start of the program between some of them. */
const schedule = fc.array(
  fc.record({ commands: fc.array(command, { maxLength: 12 }), restart: fc.constantFrom(false, false, false, true) }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

/** Runs a schedule on streams of its own, and gives the outcome of each command. */
async function run(
  ids: readonly EntityId[],
  users: readonly [UserId, UserId],
  batches: readonly { readonly commands: readonly Command[]; readonly restart: boolean }[],
  open: () => Database,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { commands, restart } of batches) {
    const events = new EventRepository(open(), new Committer(open()));
    const submit = async (one: Command): Promise<Outcome> => {
      const user = users[one.user];
      const id = ids[one.stream] as EntityId;
      const hidden = { title: one.title, tags: one.tags };
      // A stream begins with its creation, whoever comes first; all that follows are changes.
      const event =
        one.expected === 'no-stream' || one.expected === 0
          ? { ...noteCreated(user, id, hidden), expectedVersion: one.expected }
          : entityEvent(user, id, 'entity.updated', one.expected === 'any' ? 'exists' : one.expected, {
              private: hidden,
            });
      const asked = { ...one, expected: event.expectedVersion };
      try {
        const { position, version } = await events.append(event);
        return { command: asked, result: { position, version } };
      } catch (error) {
        if (isSynapError(error, 'NOT_FOUND')) return { command: asked, result: 'denied' };
        if (isSynapError(error, 'VERSION_CONFLICT')) {
          return { command: asked, result: { conflict: Number(error.details.actualVersion) } };
        }
        throw error;
      }
    };
    outcomes.push(...(await Promise.all(commands.map(submit))));
    if (restart) await library.reopen();
  }
  return outcomes;
}

/** The simple model: streams that know their owner and their version, written one after the other in commit order. */
function check(outcomes: readonly Outcome[], first: number): { owner: number; version: number; last: Command }[] {
  const streams: { owner: number; version: number; last: Command; tags: readonly string[] }[] = [];
  const written = outcomes.flatMap(({ command: one, result }) =>
    typeof result === 'object' && 'position' in result ? [{ one, ...result }] : [],
  );
  written.sort((a, b) => a.position - b.position);
  for (const [index, { one, position, version }] of written.entries()) {
    expect(position).toBe(first + index);
    const stream = streams[one.stream] ?? { owner: one.user, version: 0, last: one, tags: [] };
    expect(one.user).toBe(stream.owner);
    if (one.expected === 'exists') expect(stream.version).toBeGreaterThan(0);
    else expect(stream.version).toBe(one.expected === 'no-stream' ? 0 : one.expected);
    expect(version).toBe(stream.version + 1);
    streams[one.stream] = { ...stream, version, last: one };
  }
  for (const { command: one, result } of outcomes) {
    const stream = streams[one.stream];
    if (result === 'denied') expect(stream?.owner).not.toBe(one.user);
    if (typeof result === 'object' && 'conflict' in result) {
      expect(result.conflict).toBeLessThanOrEqual(stream?.version ?? 0);
      const wanted = one.expected === 'no-stream' ? 0 : one.expected;
      if (wanted === 'exists') expect(result.conflict).toBe(0);
      else expect(result.conflict).not.toBe(wanted);
    }
  }
  return streams;
}

async function headPosition(): Promise<number> {
  const [row] = await asOwner(library.database, 'SELECT position FROM log_head');
  return Number(row?.position);
}

describe('any schedule of appends', () => {
  it('is one after the other: versions contiguous, positions dense, projections their fold', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (batches) => {
        const ids = Array.from({ length: STREAMS }, newEntityId);
        const before = await headPosition();
        const outcomes = await run(ids, [library.alice, library.bob], batches, () => library.database);
        const streams = check(outcomes, before + 1);
        for (const [index, stream] of Object.entries(streams)) {
          const id = ids[Number(index)] as EntityId;
          const user = stream.owner === 0 ? library.alice : library.bob;
          const events = await library.events.getAggregateEvents(user, id);
          expect(events.map((event) => event.version)).toEqual(events.map((_, at) => at + 1));
          expect(events).toHaveLength(stream.version);
          const { entity } = (await library.entities.get(user, id)) ?? {};
          expect(entity).toMatchObject({ version: stream.version, title: stream.last.title, tags: stream.last.tags });
          for (const event of events) {
            const past = await library.entities.getVersion(user, id, event.version);
            expect(past?.entity).toMatchObject({ version: event.version, title: event.private.title });
          }
        }
      }),
      { numRuns: 15, seed: 20_261_124 },
    );
    expect(await findings(library.database)).toEqual([]);
    await rebuildProjections(library.database);
    expect(await findings(library.database)).toEqual([]);
  });

  it.each<[fault: string, lie: (rows: Record<string, unknown>[]) => Record<string, unknown>[]]>([
    ['a version that is given twice', (rows) => rows.map((row) => (row.version === 2 ? { ...row, version: 1 } : row))],
    ['a position that is left out', (rows) => rows.map((row) => ({ ...row, position: Number(row.position) + 1 }))],
    [
      'a conflict that is none',
      (rows) => rows.map((row) => (row.version === 2 ? { ...row, status: 'conflict' } : row)),
    ],
  ])('would not pass with %s', async (_, lie) => {
    const ids = Array.from({ length: STREAMS }, newEntityId);
    const first = (await headPosition()) + 1;
    const broken = wrapped(library.database, async (statement, pass) => lie(await pass(statement)));
    const create: Command = { user: 0, stream: 0, expected: 'no-stream', title: 'a', tags: [] };
    const batches = [create, { ...create, expected: 1 }].map((one) => ({ commands: [one], restart: false }));
    const outcomes = await run(ids, [library.alice, library.bob], batches, () => broken);
    expect(() => check(outcomes, first)).toThrow();
  });
});
