import { TRPCClientError } from '@trpc/client';

/** What the REST side of the API answered, if that was an error. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
  }
}

interface ErrorBody {
  readonly error?: { readonly code?: string; readonly message?: string };
}

export async function apiErrorOf(response: Response): Promise<ApiError> {
  // A proxy in between answers in HTML; then the status is all there is.
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  const { code = 'INTERNAL', message = `The server answered with status ${response.status}.` } = body.error ?? {};
  return new ApiError(response.status, code, message);
}

/** An error as the page shows it. */
export interface Explanation {
  /** A stable code; `OFFLINE` if there was no answer. */
  readonly reason: string;
  /** What happened, and what to do about it. */
  readonly text: string;
  /** Whether the same thing may go well in a moment. */
  readonly retryable: boolean;
  /** With `VERSION_CONFLICT`: the version there is. */
  readonly actualVersion: number | null;
}

interface Told {
  readonly reason: string;
  readonly message: string;
  readonly actualVersion?: unknown;
}

/** What is said in the page's own words. For the rest, the server's sentence is good. */
const SENTENCES: Readonly<Record<string, string>> = {
  OFFLINE: 'Synap does not answer. Is it running? What you wrote is kept here; try again in a moment.',
  UNAUTHENTICATED: 'You are signed out. Run “synap sign-in” for a new link; what you wrote is kept here.',
  INSUFFICIENT_SCOPE: 'You may read here, but not write.',
  NOT_FOUND: 'There is nothing at this address. It may belong to somebody else, or the link is wrong.',
  PURGED: 'This was erased for good, with all its versions.',
  VERSION_CONFLICT: 'This was changed elsewhere in the meantime.',
  CONTENT_TOO_LARGE: 'This is larger than 10 MiB. Split it, or attach it as a file.',
  BODY_TOO_LARGE: 'This is too large to be sent.',
  BLANK_CONTENT: 'There is nothing to save yet. Write something first.',
  TITLE_TOO_LONG: 'The title has more than 500 characters. Shorten it.',
  TOO_MANY_TAGS: 'There are more than 100 tags. Remove some.',
  TAG_TOO_LONG: 'A tag has more than 100 characters. Shorten it.',
  STORAGE_FULL: 'The disk of the server is full. Nothing was saved; make room and try again.',
  CHECKSUM_MISMATCH: 'The content on the disk is damaged. Run “synap verify” to see what is affected.',
  OVERLOADED: 'Synap is busy. Try again in a moment.',
  SHUTTING_DOWN: 'Synap is stopping. Try again when it runs.',
  DATABASE_UNAVAILABLE: 'The database does not answer. Try again in a moment.',
  STORAGE_UNAVAILABLE: 'The content store does not answer. Try again in a moment.',
  RATE_LIMITED: 'That was too often. Wait a little and try again.',
};

const RETRYABLE: ReadonlySet<string> = new Set([
  'OFFLINE',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'DATABASE_UNAVAILABLE',
  'STORAGE_UNAVAILABLE',
  'RATE_LIMITED',
  'INTERNAL',
]);

/** The one place where what went wrong becomes a sentence with what to do. */
export function explain(error: unknown): Explanation {
  const { reason, message, actualVersion } = toldBy(error);
  return {
    reason,
    text: SENTENCES[reason] ?? message,
    retryable: RETRYABLE.has(reason),
    actualVersion: typeof actualVersion === 'number' ? actualVersion : null,
  };
}

function toldBy(error: unknown): Told {
  if (error instanceof ApiError) return error;
  if (error instanceof TRPCClientError) {
    const data = error.data as { reason?: string; actualVersion?: unknown } | undefined;
    if (data?.reason) return { reason: data.reason, message: error.message, actualVersion: data.actualVersion };
    // What the server answered has a shape; without one there was no answer, or none of Synap's.
    return { reason: 'OFFLINE', message: error.message };
  }
  if (error instanceof TypeError && /fetch|network/i.test(error.message)) {
    return { reason: 'OFFLINE', message: error.message };
  }
  return { reason: 'INTERNAL', message: 'Something went wrong in this page. Reload it; what you wrote is kept here.' };
}

export function isReason(error: unknown, reason: string): boolean {
  return error !== null && error !== undefined && explain(error).reason === reason;
}
