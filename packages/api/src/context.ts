import type { IStorage } from '@initiativ/core';
import type { AccountRepository, EventRepository } from '@synap/database';
import type { CorrelationId, KeyScope, Timestamp, UserId } from '@synap/types';
import type { Uploads } from './files/uploads.ts';
import type { Imports } from './import/imports.ts';
import type { EntitySearch } from './search/entity-search.ts';

/** Who calls, and what they may. */
export interface AuthContext {
  readonly userId: UserId;
  readonly scopes: readonly KeyScope[];
  /** When the key or session stops being good; null or absent: never. */
  readonly expiresAt?: Timestamp | null;
  /** Absent for a key. */
  readonly session?: {
    readonly name: string;
    readonly role: 'owner' | 'user';
    /** Its end was moved just now, which its cookie has to learn. */
    readonly renewed: boolean;
  };
}

/** What runs, as `system.info` says it. */
export interface SystemInfo {
  readonly name: string;
  readonly version: string;
  readonly database: string;
  readonly events: string;
  readonly storage: string;
  readonly jobs: string;
}

/** What the procedures work with. */
export interface Services {
  readonly storage: IStorage;
  readonly uploads: Uploads;
  readonly imports: Imports;
  readonly events: Pick<EventRepository, 'getUserEvents'>;
  readonly search: Pick<EntitySearch, 'search'>;
  readonly keys: Pick<AccountRepository, 'createKey' | 'listKeys' | 'revokeKey'>;
  readonly info: () => SystemInfo | Promise<SystemInfo>;
}

export interface ApiContext {
  /** Null for who has not said who they are. */
  readonly auth: AuthContext | null;
  readonly services: Services;
  /** What the caller wants their events to be found together by. */
  readonly correlationId: CorrelationId | undefined;
  /** A key was revoked: no memory of it may be used any more. */
  readonly forgetKeys: () => void;
}

/** pino's signature. Never handed a body, a key or a text of a user. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
