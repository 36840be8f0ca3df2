/**
 * The error catalogue. A code is stable: clients match on it, never on the message. The kind says what class of fault it
 * is; the API turns kinds into HTTP statuses, so that no domain package knows of HTTP.
 */

export type ErrorKind =
  | 'invalid'
  | 'too-large'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'gone'
  | 'conflict'
  | 'overloaded'
  | 'unavailable'
  | 'rate-limited'
  | 'corrupt'
  | 'configuration'
  | 'internal';

export const ERROR_KINDS = {
  /** Input that the schema of the procedure refuses. */
  VALIDATION_FAILED: 'invalid',
  INVALID_ID: 'invalid',
  /** Text that cannot be kept faithfully: a lone surrogate, or a control character where none may stand. */
  INVALID_TEXT: 'invalid',
  /** A request body that is not UTF-8. */
  INVALID_UTF8: 'invalid',
  BLANK_CONTENT: 'invalid',
  /** A storage key with a part that is empty, too long, or could leave its folder. */
  INVALID_STORAGE_KEY: 'invalid',
  /** An event whose type or data no schema describes. */
  INVALID_EVENT: 'invalid',
  /** A command that makes no sense in the entity's present state. */
  INVALID_STATE: 'invalid',
  /** The bytes of an upload are not those that were announced; `details.what` is `size` or `sha256`. */
  UPLOAD_MISMATCH: 'invalid',
  /** An idempotency key that was used before with another input. */
  IDEMPOTENCY_KEY_REUSED: 'invalid',
  /** A way of searching that this installation has not. */
  SEARCH_MODE_UNAVAILABLE: 'invalid',
  TITLE_TOO_LONG: 'too-large',
  TOO_MANY_TAGS: 'too-large',
  TAG_TOO_LONG: 'too-large',
  CONTENT_TOO_LARGE: 'too-large',
  BODY_TOO_LARGE: 'too-large',
  BATCH_TOO_LARGE: 'too-large',
  UNAUTHENTICATED: 'unauthenticated',
  /** A link that signs in and is used, expired or none; `details.reason` says which. */
  SIGN_IN_LINK_INVALID: 'unauthenticated',
  /** A browser sent it on behalf of another site than ours. */
  CROSS_ORIGIN: 'forbidden',
  /** The request names a host that this server does not go by. */
  UNKNOWN_HOST: 'forbidden',
  /** The key is good but lacks the scope. */
  INSUFFICIENT_SCOPE: 'forbidden',
  NOT_FOUND: 'not-found',
  PURGED: 'gone',
  /** An upload that was not completed in time. */
  UPLOAD_EXPIRED: 'gone',
  /** Somebody changed the stream first; `details.actualVersion` is its version now. */
  VERSION_CONFLICT: 'conflict',
  /** A verification or a rebuild that another process has begun goes on. */
  MAINTENANCE_RUNNING: 'conflict',
  /** A storage key is written once; this one exists. */
  OBJECT_EXISTS: 'conflict',
  /** The store answered: there is no such object. */
  OBJECT_NOT_FOUND: 'not-found',
  /** The store answered: not with these credentials. */
  STORAGE_ACCESS_DENIED: 'unavailable',
  /** The store did not answer, or with a fault of its own. */
  STORAGE_UNAVAILABLE: 'unavailable',
  /** No room on the disk for another write. Reading goes on. */
  STORAGE_FULL: 'unavailable',
  /** What was read is not what was written. */
  CHECKSUM_MISMATCH: 'corrupt',
  DATABASE_UNAVAILABLE: 'unavailable',
  /** The database answered with an error that is nobody's input: a bug, or a schema that was tampered with. */
  DATABASE_FAILED: 'internal',
  /** Another process holds the data folder. */
  DATA_FOLDER_LOCKED: 'unavailable',
  /** Too many attempts of one caller; `details.retryAfter` is how many seconds to wait. */
  TOO_MANY_ATTEMPTS: 'rate-limited',
  OVERLOADED: 'overloaded',
  SHUTTING_DOWN: 'overloaded',
  CONFIGURATION_INVALID: 'configuration',
  INTERNAL: 'internal',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** JSON values that help the caller to act, such as `actualVersion` or a limit. Never secrets, never internals. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

export interface ErrorOptions {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** The one error class that crosses a package's border. `message` is fit for a user and says what to do. */
export class SynapError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SynapError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }
}

/** True for a `SynapError`, and if codes are given, for one of these. Works across copies of this module. */
export function isSynapError<Code extends ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is SynapError & { readonly code: Code } {
  if (!(error instanceof Error) || error.name !== 'SynapError' || !('code' in error)) return false;
  return codes.length === 0 || codes.some((code) => code === error.code);
}
