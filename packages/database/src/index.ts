export { openDatabase } from './connection/open.ts';
export { PgliteDatabase, type PgliteOptions } from './connection/pglite.ts';
export { ping } from './connection/ping.ts';
export type { Context, Database, Row, Statement, Value } from './connection/port.ts';
export { PostgresDatabase, type PostgresOptions } from './connection/postgres.ts';
export { Committer, type CommitterOptions } from './event-store/committer.ts';
export { canonicalJson } from './event-store/envelope.ts';
export { EventRepository } from './event-store/event-repository.ts';
export { findByIdempotencyKey } from './event-store/idempotency.sql.ts';
export type { AppendEventData, AppendResult, ExpectedVersion, Idempotency, IndexRows } from './event-store/port.ts';
export type { UserEventsQuery } from './event-store/read.sql.ts';
export { type ContentReference, contentReferences } from './maintenance/content-references.ts';
export type { Finding, MaintenanceOptions, Progress } from './maintenance/port.ts';
export { rebuildProjections } from './maintenance/rebuild.ts';
export { verifyEvents } from './maintenance/verify-events.ts';
export { verifyProjections } from './maintenance/verify-projections.ts';
export { migrate } from './migrate/migrate.ts';
export { AccountRepository, type NewKey } from './repositories/account-repository.ts';
export { EntityRepository } from './repositories/entity-repository.ts';
export { OriginRepository } from './repositories/origin-repository.ts';
export type {
  Account,
  ApiKey,
  EntityReader,
  EntityRecord,
  KnownOrigin,
  LinkTarget,
  ListQuery,
  NewUpload,
  OriginReader,
  Page,
  RelationReader,
  Session,
  StoredUpload,
  Upload,
  UploadStore,
} from './repositories/port.ts';
export { RelationRepository } from './repositories/relation-repository.ts';
export { type Issued, isToken, SessionRepository } from './repositories/session-repository.ts';
export { UploadRepository } from './repositories/upload-repository.ts';
export {
  type Match,
  type MatchPart,
  type SearchFilter,
  type SearchForm,
  type SearchRequest,
  type SearchTerm,
  searchEntities,
} from './search/search.sql.ts';
export { indexEntities, selectUnindexed, type Unindexed } from './search/unindexed.sql.ts';
