export type { AuthContext, Logger, Services, SystemInfo } from './context.ts';
export type { AuthenticatorOptions } from './http/authenticator.ts';
export { type AppEnv, type AppOptions, createApp, type SynapApp } from './http.ts';
export type { AppRouter } from './routers/app-router.ts';
export { EntitySearch, type EntitySearchParts } from './search/entity-search.ts';
export { type IndexOptions, indexLibrary } from './search/index-library.ts';
export { TextCache } from './search/text-cache.ts';
export type { IdempotencyLookup, StorageParts } from './storage/parts.ts';
export { PostgresR2Storage } from './storage/postgres-r2-storage.ts';
