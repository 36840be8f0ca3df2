import { v5, v7, validate } from 'uuid';
import { SynapError } from './errors.ts';

declare const brand: unique symbol;

/** A `Base` that only the named constructor can make; two brands are never assignable to each other. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

export type UserId = Brand<string, 'UserId'>;
export type EntityId = Brand<string, 'EntityId'>;
export type RelationId = Brand<string, 'RelationId'>;
export type EventId = Brand<string, 'EventId'>;
export type RevisionId = Brand<string, 'RevisionId'>;
export type CorrelationId = Brand<string, 'CorrelationId'>;

/** The id of any event stream. */
export type AggregateId = EntityId | RelationId | UserId;

const USER_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** The namespace under which an older id that is no UUID becomes a UUIDv5 (RFC 9562, section 5.5). */
const LEGACY_ID_NAMESPACE = '5d0c3f4e-6f5a-5b0f-9d57-4f1c4cf1a6b1';

function uuidOf(value: string, what: string): string {
  if (!validate(value)) throw new SynapError('INVALID_ID', `That is not a valid ${what} id.`, { details: { what } });
  return value.toLowerCase();
}

/** @throws {SynapError} `INVALID_ID` if `value` is not 1-128 letters, digits, `_` or `-`. */
export function userId(value: string): UserId {
  if (!USER_ID.test(value)) {
    throw new SynapError('INVALID_ID', 'That is not a valid user id.', { details: { what: 'user' } });
  }
  return value as UserId;
}

/** @throws {SynapError} `INVALID_ID` if `value` is no UUID. */
export const entityId = (value: string): EntityId => uuidOf(value, 'entity') as EntityId;
/** @throws {SynapError} `INVALID_ID` if `value` is no UUID. */
export const relationId = (value: string): RelationId => uuidOf(value, 'relation') as RelationId;
/** @throws {SynapError} `INVALID_ID` if `value` is no UUID. */
export const eventId = (value: string): EventId => uuidOf(value, 'event') as EventId;
/** @throws {SynapError} `INVALID_ID` if `value` is no UUID. */
export const revisionId = (value: string): RevisionId => uuidOf(value, 'revision') as RevisionId;
/** @throws {SynapError} `INVALID_ID` if `value` is no UUID. */
export const correlationId = (value: string): CorrelationId => uuidOf(value, 'correlation') as CorrelationId;

export const newUserId = (): UserId => v7() as UserId;
export const newEntityId = (): EntityId => v7() as EntityId;
export const newRelationId = (): RelationId => v7() as RelationId;
export const newEventId = (): EventId => v7() as EventId;
export const newRevisionId = (): RevisionId => v7() as RevisionId;
export const newCorrelationId = (): CorrelationId => v7() as CorrelationId;

/**
 * The entity id that stands for an id of an older system: a UUID stays itself, anything else becomes the UUIDv5 of its
 * name, so that the same old id always maps to the same new one.
 */
export function entityIdFromLegacy(value: string): EntityId {
  return (validate(value) ? value.toLowerCase() : v5(value, LEGACY_ID_NAMESPACE)) as EntityId;
}
