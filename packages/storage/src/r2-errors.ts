import { type ErrorCode, isSynapError, SynapError } from '@synap/types';

/** What the S3 protocol says of an error. */
interface Answer {
  /** The protocol's own name of the error, `NoSuchKey` for one; the name of the JavaScript error if there was none. */
  readonly name: string;
  /** The HTTP status; undefined if no answer came. */
  readonly status: number | undefined;
  /** The operating system's code, such as `ECONNREFUSED`, if no answer came. */
  readonly errno: string | undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

export function answerOf(error: unknown): Answer {
  const name = property(error, 'name');
  const code = property(error, 'code');
  // A body that is no XML leaves no metadata, but the response.
  const status =
    property(property(error, '$metadata'), 'httpStatusCode') ?? property(property(error, '$response'), 'statusCode');
  return {
    name: typeof name === 'string' ? name : '',
    status: typeof status === 'number' ? status : undefined,
    errno: typeof code === 'string' ? code : undefined,
  };
}

const BY_NAME: Readonly<Record<string, ErrorCode>> = {
  NoSuchKey: 'OBJECT_NOT_FOUND',
  NoSuchBucket: 'CONFIGURATION_INVALID',
  AccessDenied: 'STORAGE_ACCESS_DENIED',
  InvalidAccessKeyId: 'STORAGE_ACCESS_DENIED',
  SignatureDoesNotMatch: 'STORAGE_ACCESS_DENIED',
  ExpiredToken: 'STORAGE_ACCESS_DENIED',
  InvalidToken: 'STORAGE_ACCESS_DENIED',
  EntityTooLarge: 'CONTENT_TOO_LARGE',
  KeyTooLongError: 'INVALID_STORAGE_KEY',
  MetadataTooLarge: 'VALIDATION_FAILED',
  QuotaExceeded: 'STORAGE_FULL',
  // What was received is not what was sent: a fault on the way, so it may be tried again.
  BadDigest: 'STORAGE_UNAVAILABLE',
  IncompleteBody: 'STORAGE_UNAVAILABLE',
  RequestTimeout: 'STORAGE_UNAVAILABLE',
  SlowDown: 'STORAGE_UNAVAILABLE',
  TimeoutError: 'STORAGE_UNAVAILABLE',
};

const MESSAGES: Partial<Record<ErrorCode, string>> = {
  OBJECT_NOT_FOUND: 'There is no such object in the storage.',
  CONFIGURATION_INVALID: 'The object store refuses the request. Check its endpoint, its region and the bucket.',
  STORAGE_ACCESS_DENIED: 'The object store refuses these credentials.',
  STORAGE_UNAVAILABLE: 'The object store cannot be reached at the moment.',
  STORAGE_FULL: 'The object store has no room left.',
  CONTENT_TOO_LARGE: 'The object store does not take objects of this size.',
  INVALID_STORAGE_KEY: 'The object store does not take keys of this length.',
  VALIDATION_FAILED: 'The object store does not take that much metadata.',
};

function codeOf({ name, status, errno }: Answer): ErrorCode {
  const byName = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  if (byName) return byName;
  if (status === undefined)
    return errno === undefined || errno.startsWith('ERR_INVALID') ? 'INTERNAL' : 'STORAGE_UNAVAILABLE';
  if (status === 401 || status === 403) return 'STORAGE_ACCESS_DENIED';
  if (status === 507) return 'STORAGE_FULL';
  if (status >= 500 || [408, 409, 412, 429].includes(status)) return 'STORAGE_UNAVAILABLE';
  // Anything else, also a 404 that does not say "no such key": whoever answers is not the store that was meant.
  return 'CONFIGURATION_INVALID';
}

/** Says of an error of the S3 client what it means for the store. A `SynapError` passes as it is. */
export function r2Error(error: unknown): SynapError {
  if (isSynapError(error)) return error;
  const answer = answerOf(error);
  const code = codeOf(answer);
  return new SynapError(code, MESSAGES[code] ?? 'The storage failed in a way that nobody foresaw.', {
    cause: error,
    details: { answer: answer.errno ?? answer.name, status: answer.status ?? null },
  });
}

/** True if the write may have happened all the same: no answer, half an answer, or one to our own second try. */
export function mayHaveLanded(error: unknown): boolean {
  const { name, status } = answerOf(error);
  if (status === undefined) return true;
  return status >= 500 || [408, 409, 412].includes(status) || name === 'RequestTimeout';
}
