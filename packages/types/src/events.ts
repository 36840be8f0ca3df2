import { z } from 'zod';
import type { AggregateId, CorrelationId, EventId, UserId } from './branded.ts';
import {
  type AggregateType,
  EntityType,
  type EventSource,
  EventType,
  FileType,
  RelationType,
  TaskStatus,
} from './enums.ts';
import { SynapError } from './errors.ts';
import type { Position, Timestamp, Version } from './value-objects.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/**
 * What an event says, in the clear: `data` stands in the log as it is, `private` only as HMACs, with the values beside
 * it where a purge can delete them.
 */
export interface EventPayload {
  readonly data: JsonObject;
  readonly private: JsonObject;
}

/** One version of one event type: its shape, and how to lift it to the next version. */
interface EventSchemaVersion {
  readonly schema: z.ZodType<EventPayload>;
  readonly upcast?: (payload: EventPayload) => EventPayload;
}

const nothing = z.strictObject({});
const instant = z.iso.datetime();
const text = z.string();
const bytes = z.int().nonnegative();

/** Where content is, never the content itself: the storage key, and what kind of file it is. */
const file = { key: text, fileType: z.enum(FileType) };
/** What tells of the content and is therefore private. */
const content = { checksum: text, size: bytes, preview: text };

const task = z.strictObject({
  status: z.enum(TaskStatus),
  priority: z.int(),
  dueDate: instant.nullable(),
  completedAt: instant.nullable(),
});

const wholeEntity = z.strictObject({
  title: text.nullable(),
  tags: z.array(text),
  preview: text,
  // Where it stands in the person's own library, if it was imported; nothing of ours.
  path: text.nullable(),
  checksum: text.nullable(),
  size: bytes.nullable(),
});

/** Where an imported entity comes from, and what its file was when it was imported last. */
const origin = z.strictObject({ source: text, path: text, checksum: text, modifiedAt: instant });

function event(data: z.ZodType<object>, hidden: z.ZodType<object> = nothing): EventSchemaVersion {
  // zod types an absent property as `undefined`, which JSON has not; what it lets through is JSON all the same.
  return { schema: z.strictObject({ data, private: hidden }) as unknown as z.ZodType<EventPayload> };
}

const status = event(z.strictObject({ task }));

/** For a version that only has less than the next one. */
const unchanged = (payload: EventPayload): EventPayload => payload;

const created = z.strictObject({
  type: z.enum(EntityType),
  key: text.nullable(),
  fileType: z.enum(FileType).nullable(),
  task: task.nullable(),
});
// A change names the new values only; a task comes whole.
const changed = z.strictObject({ ...file, task }).partial();
const changedEntity = z
  .strictObject({ title: text.nullable(), tags: z.array(text), path: text.nullable(), ...content })
  .partial();

/**
 * Every event type with all versions of its schema that were ever written, oldest first; the version of a schema is its
 * place in the list, from 1. A shipped schema never changes: a new shape is a new version, and the one before it gets an
 * `upcast`.
 */
export const EVENT_SCHEMAS: Readonly<Record<EventType, readonly EventSchemaVersion[]>> = {
  [EventType.ENTITY_CREATED]: [
    { ...event(created, wholeEntity), upcast: unchanged },
    event(created, wholeEntity.extend({ origin: origin.optional() })),
  ],
  [EventType.ENTITY_UPDATED]: [
    { ...event(changed, changedEntity), upcast: unchanged },
    event(changed, changedEntity.extend({ origin: origin.optional() })),
  ],
  [EventType.ENTITY_TITLE_CHANGED]: [event(nothing, z.strictObject({ title: text.nullable() }))],
  [EventType.ENTITY_FILE_UPLOADED]: [event(z.strictObject(file), z.strictObject(content))],
  [EventType.ENTITY_DELETED]: [event(nothing)],
  [EventType.ENTITY_RESTORED]: [
    // Without a version only the deletion is undone; with one, the whole state of that version comes back.
    event(
      z.strictObject({
        version: z.int().positive().optional(),
        key: text.nullable().optional(),
        fileType: z.enum(FileType).nullable().optional(),
        task: task.nullable().optional(),
      }),
      wholeEntity.partial(),
    ),
  ],
  [EventType.TASK_STATUS_CHANGED]: [status],
  [EventType.TASK_COMPLETED]: [status],
  [EventType.RELATION_CREATED]: [
    event(z.strictObject({ sourceId: z.uuid(), targetId: z.uuid(), type: z.enum(RelationType) })),
  ],
  [EventType.RELATION_DELETED]: [event(nothing)],
  [EventType.AI_ANALYSIS_REQUESTED]: [event(z.strictObject({ entityId: z.uuid(), entityVersion: z.int().positive() }))],
  [EventType.AI_ENRICHMENT_COMPLETED]: [
    event(
      z.strictObject({ entityId: z.uuid(), entityVersion: z.int().positive(), model: text }),
      z.strictObject({ title: text.nullable(), tags: z.array(text) }),
    ),
  ],
};

const customEvent: readonly EventSchemaVersion[] = [event(z.record(z.string(), z.json()))];

function versionsOf(eventType: string, schemas: Readonly<Record<string, readonly EventSchemaVersion[]>>) {
  const versions = Object.hasOwn(schemas, eventType) ? schemas[eventType] : undefined;
  if (versions) return versions;
  if (eventType.startsWith('custom.')) return customEvent;
  throw new SynapError('INVALID_EVENT', 'No schema describes this type of event.', { details: { eventType } });
}

/** The schema version that new events of this type are written in. */
export function currentSchemaVersion(eventType: string): number {
  return versionsOf(eventType, EVENT_SCHEMAS).length;
}

/**
 * Checks what is about to be written against the newest schema of its type.
 * @throws {SynapError} `INVALID_EVENT`
 */
export function parseEventPayload(eventType: string, payload: unknown): EventPayload {
  const versions = versionsOf(eventType, EVENT_SCHEMAS);
  const result = versions.at(-1)?.schema.safeParse(payload);
  if (result?.success) return result.data;
  throw new SynapError('INVALID_EVENT', `The data of this event does not fit the schema of ${eventType}.`, {
    details: { eventType },
    cause: result?.error,
  });
}

/**
 * Lifts a stored payload to the newest schema of its type, step by step. Only ever done on reading: what is stored stays
 * as it was hashed.
 * @param schemas the registry; another than Synap's own only in tests
 * @throws {SynapError} `INVALID_EVENT` if the version is unknown or the payload does not fit it
 */
export function upcast(
  eventType: string,
  schemaVersion: number,
  payload: EventPayload,
  schemas: Readonly<Record<string, readonly EventSchemaVersion[]>> = EVENT_SCHEMAS,
): EventPayload {
  const versions = versionsOf(eventType, schemas);
  let lifted = payload;
  for (let index = schemaVersion - 1; index < versions.length - 1; index++) {
    const step = versions[index]?.upcast;
    if (!step) break;
    lifted = step(lifted);
  }
  const result = versions[schemaVersion - 1] && versions.at(-1)?.schema.safeParse(lifted);
  if (result?.success) return result.data;
  throw new SynapError('INVALID_EVENT', `A stored ${eventType} cannot be read.`, {
    details: { eventType, schemaVersion },
    cause: result?.error,
  });
}

/** An event as it stands in the log, with its private fields beside it. */
export interface EventRecord extends EventPayload {
  readonly id: EventId;
  readonly position: Position;
  readonly aggregateId: AggregateId;
  readonly aggregateType: AggregateType;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly userId: UserId;
  readonly version: Version;
  readonly metadata: JsonObject | null;
  readonly causationId: EventId | null;
  readonly correlationId: CorrelationId | null;
  readonly source: EventSource;
  /** When it happened, as shown: a migrated event keeps the time of its own. */
  readonly timestamp: Timestamp;
  /** When it was committed here; never earlier than that of the position before. */
  readonly recordedAt: Timestamp;
}
