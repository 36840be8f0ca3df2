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
export { modifiedAt } from './import/file-time.ts';
export {
  actionFor,
  checksumFrom,
  IMPORT_PROBLEMS,
  type ImportAction,
  type ImportProblem,
  importPath,
  type KnownFile,
  type ListedFile,
  type PlannedFile,
  planImport,
} from './import/plan.ts';
export {
  isTooMuch,
  reasonToRefuse,
  ZIP_REASONS,
  type ZipEntryFacts,
  type ZipReason,
} from './import/zip-rules.ts';
export { inParallel } from './in-parallel.ts';
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
export { frontMatterOf } from './markdown/front-matter.ts';
export { linksOf, nameOf, type ParsedNote, parseNote, type Warning } from './markdown/note.ts';
export { foldPath, namesOfLink, resolveLink } from './markdown/resolve.ts';
export type { Link } from './markdown/scan.ts';
export { ANALYZER_VERSION } from './search/analyze.ts';
export { type IndexChunk, indexChunks, indexHeading } from './search/index-rows.ts';
export { parseQuery, type SearchQuery } from './search/query.ts';
export { type Snippet, snippetOf } from './search/snippet.ts';
export { type CaptureNote, Workflows } from './workflows.ts';
