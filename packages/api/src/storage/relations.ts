import {
  decideRelation,
  type EventDraft,
  evolveRelation,
  foldRelation,
  type NewRelation,
  type RelationOptions,
  type RelationState,
  toRelation,
} from '@initiativ/core';
import type { AppendResult } from '@synap/database';
import {
  AggregateType,
  isSynapError,
  type Relation,
  type RelationId,
  relationId,
  SynapError,
  type UserId,
} from '@synap/types';
import { derivedId } from './derived-id.ts';
import { notFound, type StorageParts } from './parts.ts';

/** Two who make or delete the same relation at once: one of them finds it done when it looks again. */
const MAX_TRIES = 20;

/** How relations are written: their stream is short, so its events are the state. */
export class RelationWriter {
  readonly #parts: StorageParts;

  constructor(parts: StorageParts) {
    this.#parts = parts;
  }

  async create(relation: NewRelation, options: RelationOptions): Promise<Relation> {
    const { userId, sourceId, targetId, type } = relation;
    const [source, target] = await Promise.all([
      this.#parts.entities.get(userId, sourceId),
      this.#parts.entities.get(userId, targetId),
    ]);
    if (!source || !target) throw notFound();
    if (source.entity.deletedAt !== null || target.entity.deletedAt !== null) {
      throw new SynapError('INVALID_STATE', 'One of the two is deleted. Restore it first.');
    }
    const existing = await this.#parts.relations.find(userId, sourceId, targetId, type);
    if (existing) return existing;

    const id = streamOf(relation);
    return this.#repeat(async () => {
      const state = await this.#read(userId, id);
      const draft = decideRelation(state, { kind: 'create', sourceId, targetId, type });
      if (!draft) return toRelation(state as RelationState);
      const { version, recordedAt } = await this.#append(userId, id, state, draft, options);
      return toRelation(evolveRelation(state, { ...draft, aggregateId: id, version, timestamp: recordedAt }));
    });
  }

  /** Makes a relation whose ends are known to be there, and begins with the hope that it never was: one write, no reads. */
  async createKnown(relation: NewRelation, options: RelationOptions): Promise<void> {
    const { userId, sourceId, targetId, type } = relation;
    const draft = decideRelation(null, { kind: 'create', sourceId, targetId, type });
    try {
      if (draft) await this.#append(userId, streamOf(relation), null, draft, options);
    } catch (error) {
      if (!isSynapError(error, 'VERSION_CONFLICT')) throw error;
      await this.create(relation, options);
    }
  }

  async delete(id: RelationId, userId: UserId, options: RelationOptions): Promise<void> {
    await this.#repeat(async () => {
      const state = await this.#read(userId, id);
      if (!state) throw notFound();
      const draft = decideRelation(state, { kind: 'delete' });
      if (draft) await this.#append(userId, id, state, draft, options);
    });
  }

  async #read(userId: UserId, id: RelationId): Promise<RelationState | null> {
    const events = await this.#parts.events.getAggregateEvents(userId, id);
    return events[0] && events[0].aggregateType !== AggregateType.RELATION ? null : foldRelation(events);
  }

  #append(
    userId: UserId,
    id: RelationId,
    state: RelationState | null,
    draft: EventDraft,
    { correlationId, source }: RelationOptions,
  ): Promise<AppendResult> {
    return this.#parts.events.append({
      ...draft,
      aggregateId: id,
      aggregateType: AggregateType.RELATION,
      userId,
      expectedVersion: state?.version ?? 'no-stream',
      ...(correlationId && { correlationId }),
      ...(source && { source }),
    });
  }

  async #repeat<Result>(attempt: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (tries === MAX_TRIES || !isSynapError(error, 'VERSION_CONFLICT')) throw error;
      }
    }
  }
}

/** The stream of a relation follows from what it relates, so that it cannot be there twice however many make it at once. */
function streamOf({ userId, sourceId, targetId, type }: NewRelation): RelationId {
  return relationId(derivedId(['relation', userId, sourceId, targetId, type]));
}
