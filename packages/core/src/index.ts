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
  EntityChange,
  EntityContent,
  EntityQuery,
  HistoryItem,
  IdempotencyKey,
  IStorage,
  NewEntity,
  NewRelation,
  PageOf,
  PageQuery,
  ReadOptions,
  RelationOptions,
  WriteOptions,
} from './interfaces/storage.ts';
export { ANALYZER_VERSION } from './search/analyze.ts';
export { type IndexChunk, indexChunks, indexHeading } from './search/index-rows.ts';
export { parseQuery, type SearchQuery } from './search/query.ts';
export { type Snippet, snippetOf } from './search/snippet.ts';
export { type CaptureNote, Workflows } from './workflows.ts';
