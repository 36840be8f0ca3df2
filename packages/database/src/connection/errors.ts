import { isSynapError, SynapError } from '@synap/types';

/** The five characters by which PostgreSQL names an error, wherever a driver or drizzle keeps them. */
export function sqlState(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && isSqlState(at.code)) return at.code;
  }
  return undefined;
}

/** Every SQLSTATE has a digit; Node's own `EPIPE` has five capitals too. */
export function isSqlState(code: unknown): code is string {
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code);
}

// Class 08: connection exceptions. 57P: the server is stopping, starting or has crashed. 53300: too many connections.
const UNAVAILABLE_STATE = /^(08...|57P0[1-5]|53300)$/;
const UNAVAILABLE_CODE = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH'.split(' '),
);
const UNAVAILABLE_MESSAGE =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|not queryable/i;

function isUnavailable(error: Error, state: string | undefined): boolean {
  if (state !== undefined) return UNAVAILABLE_STATE.test(state);
  if ('code' in error && UNAVAILABLE_CODE.has(String(error.code))) return true;
  if (error instanceof AggregateError)
    return error.errors.some((e) => e instanceof Error && isUnavailable(e, undefined));
  return UNAVAILABLE_MESSAGE.test(error.message);
}

// What only a value that somebody sent can bring about: a number or time out of range, text that is no time or id, a key
// too long for an index, JSON nested too deep.
const REFUSED_VALUE = new Set(['22003', '22007', '22008', '22P02', '54000', '54001']);

/** A driver's error as one of the port's. */
export function databaseError(error: unknown): SynapError {
  if (isSynapError(error)) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const state = sqlState(cause);
  if (state === '53100') return storageFull(cause);
  // 22021 a byte that is no character, 22P05 a character that text cannot hold (NUL inside JSON).
  if (state === '22021' || state === '22P05') {
    return new SynapError('INVALID_TEXT', 'The text contains a character that cannot be kept (NUL).', { cause });
  }
  if (state !== undefined && REFUSED_VALUE.has(state)) {
    return new SynapError('VALIDATION_FAILED', 'A value is out of the range that can be kept.', { cause });
  }
  if (isUnavailable(cause, state)) {
    return new SynapError('DATABASE_UNAVAILABLE', 'The database does not answer. Try again in a moment.', { cause });
  }
  return new SynapError('DATABASE_FAILED', 'The database refused an operation of Synap.', {
    details: { sqlState: state ?? null },
    cause,
  });
}

export function storageFull(cause?: unknown): SynapError {
  return new SynapError('STORAGE_FULL', 'The disk is full. Nothing was written; make room and try again.', { cause });
}
