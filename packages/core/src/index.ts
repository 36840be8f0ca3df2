export { type ContentReference, decideEntity, type EntityCommand } from './decide/decide-entity.ts';
export { type EntityState, type EventDraft, type StateEvent, stateOf, toEntity } from './decide/entity-state.ts';
export { evolveEntity, foldEntity } from './decide/evolve-entity.ts';
export {
  decideRelation,
  evolveRelation,
  foldRelation,
  type RelationCommand,
  type RelationState,
  toRelation,
} from './decide/relation.ts';
export type {
  ChangeOptions,
  ContentSource,
  EntityChange,
  EntityContent,
  EntityQuery,
  HistoryItem,
  IdempotencyKey,
  IStorage,
  Neighborhood,
  NewEntity,
  NewRelation,
  PageOf,
  PageQuery,
  ReadOptions,
  RelationOptions,
  SignedLink,
  WriteOptions,
} from './interfaces/storage.ts';
export { type CaptureNote, Workflows } from './workflows.ts';
