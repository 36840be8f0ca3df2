import { currentSchemaVersion, isSynapError, parseEventPayload, TaskStatus, upcast } from '@synap/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evolveEntity, foldEntity, type StateEvent } from '../src/index.ts';
import { creation, Life, newLife, type Step, step, time } from './commands.ts';

/** Lives through the steps; a command that makes no sense where it comes is refused and leaves no trace. */
function live(first: Step, steps: readonly Step[]): Life {
  const life = new Life();
  for (const next of [first, ...steps]) {
    try {
      if (next.kind !== 'bring-back') life.do(next);
      else life.do({ kind: 'restore', to: life.states.at(-1 - (next.age % life.states.length))! });
    } catch (error) {
      if (!isSynapError(error, 'INVALID_STATE')) throw error;
    }
  }
  return life;
}

const lives = fc.tuple(creation, fc.array(step, { maxLength: 25 })).map(([first, steps]) => live(first, steps));

describe('whatever commands come', () => {
  it('the events lead to the state that they led to one by one, at every version', () => {
    fc.assert(
      fc.property(lives, (life) => {
        for (const [index, state] of life.states.entries()) {
          expect(foldEntity(life.events.slice(0, index + 1))).toEqual(state);
        }
      }),
    );
  });

  it('versions are 1, 2, 3… and the last is the state’s', () => {
    fc.assert(
      fc.property(lives, (life) => {
        expect(life.events.map((event) => event.version)).toEqual(life.events.map((_, index) => index + 1));
        expect(life.state?.version).toBe(life.events.length);
      }),
    );
  });

  it('no event is one that its schema refuses, or that reads back as another', () => {
    fc.assert(
      fc.property(lives, (life) => {
        for (const { eventType, data, private: hidden } of life.events) {
          const stored = JSON.parse(JSON.stringify({ data, private: hidden })) as Parameters<typeof upcast>[2];
          expect(parseEventPayload(eventType, stored)).toEqual({ data, private: hidden });
          expect(upcast(eventType, currentSchemaVersion(eventType), stored)).toEqual({ data, private: hidden });
        }
      }),
    );
  });

  it('every event changes something', () => {
    fc.assert(
      fc.property(lives, (life) => {
        for (const [index, state] of life.states.entries()) {
          const { version: _, updatedAt: __, ...before } = life.states[index - 1] ?? { version: 0, updatedAt: '' };
          const { version: ___, updatedAt: ____, ...after } = state;
          expect(after).not.toEqual(before);
        }
      }),
    );
  });

  it('a task has a completion time exactly when it is done, and nothing else is a task', () => {
    fc.assert(
      fc.property(lives, (life) => {
        for (const { type, task } of life.states) {
          expect(task !== null).toBe(type === 'task');
          if (task) expect(task.completedAt !== null).toBe(task.status === TaskStatus.DONE);
        }
      }),
    );
  });

  it('content is known whole or not at all', () => {
    fc.assert(
      fc.property(lives, (life) => {
        for (const { key, checksum, fileSize, fileType } of life.states) {
          const known = [key, checksum, fileSize, fileType].map((value) => value !== null);
          expect(new Set(known).size).toBe(1);
        }
      }),
    );
  });
});

describe('events out of place are refused', () => {
  const { events, state } = newLife({ title: 'one' });
  const first = events[0]!;
  const change: StateEvent = {
    ...first,
    eventType: 'entity.title_changed',
    data: {},
    private: { title: 'two' },
    version: 2,
  };

  it.each<[string, readonly StateEvent[]]>([
    ['one is missing', [first, { ...change, version: 3 }]],
    ['one comes twice', [first, change, change]],
    ['the first is no creation', [{ ...change, version: 1 }]],
    ['a second creation', [first, { ...first, version: 2 }]],
    ['a creation that is not the first', [{ ...first, version: 2 }]],
    ['one of a relation', [first, { ...change, eventType: 'relation.deleted' }]],
  ])('%s', (_name, stream) => {
    expect(() => foldEntity(stream)).toThrow(expect.objectContaining({ code: 'INVALID_EVENT' }) as Error);
  });

  it('and no events are no entity', () => {
    expect(foldEntity([])).toBeNull();
    expect(evolveEntity(state, change)).toMatchObject({ title: 'two', version: 2, updatedAt: time(0) });
  });
});
