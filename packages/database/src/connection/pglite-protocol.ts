import type { Context, Row, Statement } from './port.ts';

/** What the thread that runs PGlite is started with. */
export interface WorkerData {
  readonly folder: string;
}

export type Request =
  | { readonly id: number; readonly kind: 'call'; readonly statement: Statement }
  | {
      readonly id: number;
      readonly kind: 'transaction';
      readonly context: Context;
      readonly statements: readonly Statement[];
    }
  | { readonly id: number; readonly kind: 'script'; readonly sql: string }
  | { readonly id: number; readonly kind: 'close' };

/** Errors do not survive the way between threads with their fields, so these are sent one by one. */
export interface SentError {
  readonly message: string;
  readonly code?: string;
  /** The WASM process is gone: nothing more will come of this thread. */
  readonly fatal: boolean;
}

export type Response =
  | { readonly id: number; readonly rows: Row[][] }
  | { readonly id: number; readonly error: SentError };
