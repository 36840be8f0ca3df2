import { type ErrorCode, type ErrorDetails, type ErrorKind, isSynapError, SynapError } from '@synap/types';
import type { TRPCError } from '@trpc/server';
import { type TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { ZodError } from 'zod';

export type HttpStatus = 400 | 401 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 429 | 500 | 503;

interface Presentation {
  readonly status: HttpStatus;
  /** What tRPC's clients call it. It has no name for 410; the status and the reason tell. */
  readonly trpc: TRPC_ERROR_CODE_KEY;
}

/** What kinds of errors are over HTTP. The one place that knows both. */
const KINDS: Readonly<Record<ErrorKind, Presentation>> = {
  invalid: { status: 400, trpc: 'BAD_REQUEST' },
  'too-large': { status: 413, trpc: 'PAYLOAD_TOO_LARGE' },
  unauthenticated: { status: 401, trpc: 'UNAUTHORIZED' },
  forbidden: { status: 403, trpc: 'FORBIDDEN' },
  'not-found': { status: 404, trpc: 'NOT_FOUND' },
  gone: { status: 410, trpc: 'NOT_FOUND' },
  conflict: { status: 409, trpc: 'CONFLICT' },
  'rate-limited': { status: 429, trpc: 'TOO_MANY_REQUESTS' },
  overloaded: { status: 503, trpc: 'SERVICE_UNAVAILABLE' },
  unavailable: { status: 503, trpc: 'SERVICE_UNAVAILABLE' },
  corrupt: { status: 500, trpc: 'INTERNAL_SERVER_ERROR' },
  configuration: { status: 500, trpc: 'INTERNAL_SERVER_ERROR' },
  internal: { status: 500, trpc: 'INTERNAL_SERVER_ERROR' },
};

/** An error as a client may see it. */
export interface PublicError {
  readonly status: HttpStatus;
  readonly trpc: TRPC_ERROR_CODE_KEY;
  readonly reason: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** Layers of `cause` that are looked through; more than any library here wraps around an error. */
const MAX_DEPTH = 8;

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && chain.length < MAX_DEPTH; at = at.cause) chain.push(at);
  return chain;
}

/**
 * The error of ours that something thrown is, or was wrapped around; anything else is `INTERNAL`. What is found is also
 * what may be logged: libraries between put queries with all their values into the messages of their wrappers.
 */
export function synapErrorOf(error: unknown): SynapError {
  for (const cause of causes(error)) {
    if (isSynapError(cause)) return cause;
    if (cause instanceof ZodError) return validationFailed(cause);
  }
  return new SynapError('INTERNAL', 'Something went wrong inside Synap.', { cause: error });
}

/** A refused input, told by its first fault: which field, and what is wrong with it. */
export function validationFailed(error: ZodError): SynapError {
  const [issue] = error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  const message = issue?.message ?? 'Invalid input';
  return new SynapError('VALIDATION_FAILED', field === '' ? `${message}.` : `${field}: ${message}.`, {
    ...(field !== '' && { details: { field } }),
  });
}

export function publicError(error: unknown): PublicError {
  const found = synapErrorOf(error);
  const { status, trpc } = KINDS[found.kind];
  const reason = found.code;
  if (found.kind === 'internal' || found.kind === 'configuration') {
    const message = 'Something went wrong inside Synap. Its log says what.';
    return { status, trpc, reason, message, details: {} };
  }
  return { status, trpc, reason, message: found.message, details: found.details };
}

/** tRPC's own refusals, which come before any procedure of ours. */
export function publicTrpcError(error: TRPCError): PublicError {
  if (causes(error).some((cause) => isSynapError(cause) || cause instanceof ZodError)) return publicError(error);
  const refused = (status: HttpStatus, message: string, reason: ErrorCode = 'VALIDATION_FAILED'): PublicError => {
    return { status, trpc: error.code, reason, message, details: {} };
  };
  switch (error.code) {
    case 'NOT_FOUND':
      return refused(404, 'There is no such procedure.', 'NOT_FOUND');
    case 'METHOD_NOT_SUPPORTED':
      return refused(405, 'Queries are called with GET, mutations with POST.');
    case 'UNSUPPORTED_MEDIA_TYPE':
      return refused(415, 'Send JSON, with the content type application/json.');
    case 'BAD_REQUEST':
    case 'PARSE_ERROR':
      return refused(400, 'The request is not valid JSON, or not a call as tRPC makes it.');
    default:
      return publicError(error);
  }
}

/** The body of an error outside tRPC. */
export function errorBody({ reason, message, details }: PublicError) {
  return { error: { ...details, code: reason, message } };
}

/** The shape of an error within tRPC. */
export function trpcShape({ status, trpc, reason, message, details }: PublicError) {
  return { message, code: TRPC_ERROR_CODES_BY_KEY[trpc], data: { ...details, code: trpc, httpStatus: status, reason } };
}

/** Headers that tell a client what to do about an error. */
export function errorHeaders({ status, reason, details }: PublicError): Record<string, string> {
  if (status === 401) return { 'WWW-Authenticate': 'Bearer' };
  if (status === 429) return { 'Retry-After': String(details.retryAfter ?? 1) };
  if (status !== 503) return {};
  return reason === 'SHUTTING_DOWN' ? { 'Retry-After': '1', Connection: 'close' } : { 'Retry-After': '1' };
}
