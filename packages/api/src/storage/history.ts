import type { HistoryItem, PageOf, PageQuery } from '@initiativ/core';
import {
  type EntityId,
  type EventRecord,
  EventType,
  type JsonObject,
  type JsonValue,
  SynapError,
  type UserId,
} from '@synap/types';
import { notFound, type StorageParts } from './parts.ts';

const PAGE = 50;

/** Every version of an entity by what it changed, newest first. Versions have no gaps, so a page is a range of them. */
export async function readHistory(
  parts: StorageParts,
  id: EntityId,
  userId: UserId,
  { cursor, limit = PAGE }: PageQuery,
): Promise<PageOf<HistoryItem>> {
  const record = await parts.entities.get(userId, id);
  if (!record) throw notFound();
  const toVersion = Math.min(cursor === undefined ? Infinity : versionBefore(cursor), record.entity.version);
  const fromVersion = Math.max(1, toVersion - limit + 1);
  const events = toVersion < 1 ? [] : await parts.events.getAggregateEvents(userId, id, { fromVersion, toVersion });
  return { items: events.map(itemOf).reverse(), nextCursor: fromVersion > 1 ? String(fromVersion) : null };
}

function versionBefore(cursor: string): number {
  if (/^[1-9]\d{0,9}$/.test(cursor)) return Number(cursor) - 1;
  throw new SynapError('VALIDATION_FAILED', 'That is not a cursor of a history. Begin again without one.');
}

function itemOf(event: EventRecord): HistoryItem {
  const { version, eventType, timestamp, source, userId } = event;
  return { version, eventType, timestamp, source, actor: userId, changes: changesOf(event) };
}

/** The new values under the names that they have in an entity; never the storage key. */
export function changesOf({ eventType, timestamp, ...event }: EventRecord): JsonObject {
  const { key: _, version, ...data } = event.data;
  const { size, ...fields } = event.private;
  const changes: Record<string, JsonValue> = { ...data, ...fields, ...(size !== undefined && { fileSize: size }) };
  switch (eventType) {
    case EventType.ENTITY_CREATED:
      // Of what begins, that something is absent is no change.
      return Object.fromEntries(Object.entries(changes).filter(([, value]) => !isNothing(value)));
    case EventType.ENTITY_DELETED:
      return { deletedAt: timestamp };
    case EventType.ENTITY_RESTORED:
      return version === undefined ? { deletedAt: null } : { restoredVersion: version, ...changes };
    default:
      return changes;
  }
}

function isNothing(value: JsonValue): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
