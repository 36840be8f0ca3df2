export type { AuthContext, Logger, Services, SystemInfo } from './context.ts';
export type { AuthenticatorOptions } from './http/authenticator.ts';
export type { SessionInfo } from './http/session-route.ts';
export { type AppEnv, type AppOptions, type BrowserOptions, createApp, type SynapApp } from './http.ts';
export { type ImportParts, Imports } from './import/imports.ts';
export type { AppRouter } from './routers/app-router.ts';
export type { IdempotencyLookup, StorageParts } from './storage/parts.ts';
export { PostgresR2Storage } from './storage/postgres-r2-storage.ts';
