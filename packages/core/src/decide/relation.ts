import {
  type EntityId,
  EventType,
  type Relation,
  type RelationId,
  type RelationType,
  SynapError,
  type Timestamp,
} from '@synap/types';
import type { EventDraft, StateEvent } from './entity-state.ts';

export interface RelationState {
  readonly id: RelationId;
  readonly sourceId: EntityId;
  readonly targetId: EntityId;
  readonly type: RelationType;
  readonly version: number;
  /** When it was last created: a relation that was deleted may be made again. */
  readonly createdAt: Timestamp;
  readonly deleted: boolean;
}

export type RelationCommand =
  | {
      readonly kind: 'create';
      readonly sourceId: EntityId;
      readonly targetId: EntityId;
      readonly type: RelationType;
    }
  | { readonly kind: 'delete' };

/**
 * One event, or null for a relation that is there already, or gone already.
 * @throws {SynapError} `INVALID_STATE` for a relation of an entity to itself, or the deletion of what never was
 */
export function decideRelation(state: RelationState | null, command: RelationCommand): EventDraft | null {
  if (command.kind === 'delete') {
    if (!state) throw new SynapError('INVALID_STATE', 'It must be created first.');
    return state.deleted ? null : { eventType: EventType.RELATION_DELETED, data: {}, private: {} };
  }
  const { sourceId, targetId, type } = command;
  if (sourceId === targetId) throw new SynapError('INVALID_STATE', 'An entity cannot be related to itself.');
  if (state && !state.deleted) return null;
  return { eventType: EventType.RELATION_CREATED, data: { sourceId, targetId, type }, private: {} };
}

/** @throws {SynapError} `INVALID_EVENT` if the event is none of a relation's, or cannot come next */
export function evolveRelation(state: RelationState | null, event: StateEvent): RelationState {
  if (event.version === (state?.version ?? 0) + 1) {
    const { version } = event;
    if (event.eventType === EventType.RELATION_CREATED && (!state || state.deleted)) {
      const { sourceId, targetId, type } = event.data as unknown as Pick<
        RelationState,
        'sourceId' | 'targetId' | 'type'
      >;
      const id = event.aggregateId as RelationId;
      return { id, sourceId, targetId, type, version, createdAt: event.timestamp, deleted: false };
    }
    if (event.eventType === EventType.RELATION_DELETED && state && !state.deleted) {
      return { ...state, version, deleted: true };
    }
  }
  throw new SynapError('INVALID_EVENT', 'This event cannot follow on the ones before it.', {
    details: { eventType: event.eventType, version: event.version, after: state?.version ?? 0 },
  });
}

/** As `foldEntity`, for a relation. */
export function foldRelation(events: Iterable<StateEvent>): RelationState | null {
  let state: RelationState | null = null;
  for (const event of events) state = evolveRelation(state, event);
  return state;
}

/** A relation as its user reads it. */
export function toRelation(state: RelationState): Relation {
  const { id, sourceId, targetId, type, createdAt } = state;
  return { id, sourceId, targetId, type, createdAt };
}
