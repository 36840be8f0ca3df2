import {
  AggregateType,
  type EntityId,
  EventType,
  type JsonObject,
  newEntityId,
  newRelationId,
  type RelationId,
  type RelationType,
  type TaskStatus,
  type UserId,
} from '@synap/types';
import type { AppendEventData, ExpectedVersion } from '../../src/index.ts';

type Over = Partial<Omit<AppendEventData, 'userId' | 'aggregateId'>>;

const CHECKSUM = `sha256:${'A'.repeat(43)}=`;

export function entityEvent(
  userId: UserId,
  aggregateId: EntityId,
  eventType: string,
  expectedVersion: ExpectedVersion,
  over: Over = {},
): AppendEventData {
  return { aggregateId, aggregateType: AggregateType.ENTITY, eventType, userId, expectedVersion, data: {}, ...over };
}

export function noteCreated(
  userId: UserId,
  id: EntityId = newEntityId(),
  hidden: JsonObject = {},
  over: Over = {},
): AppendEventData {
  return entityEvent(userId, id, EventType.ENTITY_CREATED, 'no-stream', {
    data: { type: 'note', key: `users/${userId}/notes/${id}/${newEntityId()}.md`, fileType: 'markdown', task: null },
    private: { title: 'A note', preview: 'A note', tags: [], path: null, checksum: CHECKSUM, size: 6, ...hidden },
    ...over,
  });
}

export function task(status: TaskStatus, over: JsonObject = {}): JsonObject {
  return { status, priority: 1, dueDate: null, completedAt: null, ...over };
}

export function taskCreated(userId: UserId, id: EntityId = newEntityId(), hidden: JsonObject = {}): AppendEventData {
  return entityEvent(userId, id, EventType.ENTITY_CREATED, 'no-stream', {
    data: { type: 'task', key: null, fileType: null, task: task('todo') },
    private: { title: 'A task', preview: '', tags: [], path: null, checksum: null, size: null, ...hidden },
  });
}

export function titled(
  userId: UserId,
  id: EntityId,
  title: string | null,
  expectedVersion: ExpectedVersion,
): AppendEventData {
  return entityEvent(userId, id, EventType.ENTITY_TITLE_CHANGED, expectedVersion, { private: { title } });
}

export function related(
  userId: UserId,
  sourceId: EntityId,
  targetId: EntityId,
  type: RelationType = 'mentions',
  id: RelationId = newRelationId(),
): AppendEventData {
  return {
    aggregateId: id,
    aggregateType: AggregateType.RELATION,
    eventType: EventType.RELATION_CREATED,
    userId,
    expectedVersion: 'no-stream',
    data: { sourceId, targetId, type },
  };
}

/** An event of a user's own, in a stream of its own. */
export function custom(
  userId: UserId,
  data: JsonObject,
  over: Over & { aggregateId?: EntityId } = {},
): AppendEventData {
  return {
    aggregateId: newEntityId(),
    aggregateType: AggregateType.USER,
    eventType: 'custom.thing',
    userId,
    expectedVersion: 'any',
    data,
    ...over,
  };
}
