import { type EventType, newEntityId, newRelationId, parseEventPayload, RelationType } from '@synap/types';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  decideRelation,
  evolveRelation,
  foldRelation,
  type RelationCommand,
  type RelationState,
  type StateEvent,
  toRelation,
} from '../src/index.ts';
import { time } from './commands.ts';

const sourceId = newEntityId();
const targetId = newEntityId();
const create: RelationCommand = { kind: 'create', sourceId, targetId, type: RelationType.BLOCKS };

function live(commands: readonly RelationCommand[]): { state: RelationState | null; events: StateEvent[] } {
  const aggregateId = newRelationId();
  let state: RelationState | null = null;
  const events: StateEvent[] = [];
  for (const command of commands) {
    const draft = decideRelation(state, command);
    if (!draft) continue;
    const event = { ...draft, aggregateId, version: events.length + 1, timestamp: time(events.length) };
    state = evolveRelation(state, event);
    events.push(event);
  }
  return { state, events };
}

it('is made once, deleted once, and may be made again', () => {
  const { state, events } = live([create, create, { kind: 'delete' }, { kind: 'delete' }, create]);
  expect(events.map((event) => event.eventType)).toEqual<EventType[]>([
    'relation.created',
    'relation.deleted',
    'relation.created',
  ]);
  expect(toRelation(state!)).toEqual({ id: state!.id, sourceId, targetId, type: 'blocks', createdAt: time(2) });
});

it('replays to the same state, with events that their schemas take', () => {
  const commands = fc.array(fc.constantFrom<RelationCommand>(create, { kind: 'delete' }), { maxLength: 12 });
  fc.assert(
    fc.property(commands, (rest) => {
      const { state, events } = live([create, ...rest]);
      expect(foldRelation(events)).toEqual(state);
      expect(state?.version).toBe(events.length);
      for (const { eventType, data, private: hidden } of events)
        parseEventPayload(eventType, { data, private: hidden });
    }),
  );
});

it('refuses a relation to itself, the deletion of nothing, and events out of place', () => {
  const invalid = expect.objectContaining({ code: 'INVALID_STATE' }) as Error;
  expect(() => decideRelation(null, { ...create, targetId: sourceId })).toThrow(invalid);
  expect(() => decideRelation(null, { kind: 'delete' })).toThrow(invalid);
  const [event] = live([create]).events;
  expect(() => foldRelation([event!, event!])).toThrow(expect.objectContaining({ code: 'INVALID_EVENT' }) as Error);
});
