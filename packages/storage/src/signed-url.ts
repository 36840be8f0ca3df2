import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Checksum, isSynapError, type StorageKey, SynapError, storageKey } from '@synap/types';
import { encodeKey, FILES_PATH } from './paths.ts';
import type { SignedUrlOptions } from './port.ts';

const PRINTABLE = /^[\u0020-\u007e]*$/;

/** Shorter secrets can be guessed. In bytes. */
const MIN_SECRET_BYTES = 16;

/** @throws {SynapError} `CONFIGURATION_INVALID` */
export function validateSecret(secret: string): string {
  if (Buffer.byteLength(secret) >= MIN_SECRET_BYTES) return secret;
  throw new SynapError('CONFIGURATION_INVALID', `The signing secret needs at least ${MIN_SECRET_BYTES} bytes.`);
}

export interface SignUrlInput {
  /** Where the server is reached, without a slash at the end: `https://notes.example.org`, or with a path below it. */
  readonly baseUrl: string;
  readonly key: StorageKey;
  readonly secret: string;
  /** Unix time in seconds; the address is good until then, and no longer. */
  readonly expires: number;
  /** What the address may be used for. `GET` if absent. */
  readonly method?: string;
  /** What the server answers with; under the signature as well. */
  readonly answer?: SignedUrlOptions;
}

/** What a signed address gives. */
export interface SignedObject extends SignedUrlOptions {
  readonly key: StorageKey;
}

export interface VerifyUrlInput {
  readonly secret: string;
  /** The request's method. `HEAD` may do what `GET` may. `GET` if absent. */
  readonly method?: string;
  /** Unix time in seconds. Now, if absent. */
  readonly now?: number;
  /** Where the server serves files, with a slash at both ends. `/files/` if absent. */
  readonly filesPath?: string;
}

/** The parameters in which `SignedUrlOptions` travel: S3's names where it has one. */
const ANSWER = {
  contentType: 'response-content-type',
  contentDisposition: 'response-content-disposition',
  checksum: 'checksum',
} as const;

function signatureOf(secret: string, method: string, object: SignedObject, expires: string): string {
  const { key, ...answer } = object;
  // Neither a key nor a header contains a line break, so no two requests make the same text.
  const lines = Object.entries(ANSWER).flatMap(([name, parameter]) => {
    const value = answer[name as keyof typeof ANSWER];
    return value === undefined ? [] : [`${parameter}: ${value}`];
  });
  const text = ['synap-url-1', method === 'HEAD' ? 'GET' : method, key, expires, ...lines].join('\n');
  return createHmac('sha256', validateSecret(secret)).update(text).digest('base64url');
}

/** An address that reads one object until it expires: `<baseUrl>/files/<key>?expires=<seconds>&…&signature=<HMAC>`. */
export function signUrl({ baseUrl, key, secret, expires, method = 'GET', answer = {} }: SignUrlInput): string {
  for (const value of Object.values(answer)) {
    if (!PRINTABLE.test(value)) throw new SynapError('VALIDATION_FAILED', 'A header is printable ASCII.');
  }
  const query = new URLSearchParams({ expires: String(expires) });
  for (const [name, parameter] of Object.entries(ANSWER)) {
    const value = answer[name as keyof typeof ANSWER];
    if (value !== undefined) query.set(parameter, value);
  }
  query.set('signature', signatureOf(secret, method, { ...answer, key }, String(expires)));
  return `${baseUrl.replace(/\/+$/, '')}${FILES_PATH}${encodeKey(key)}?${query.toString()}`;
}

function refuse(message: string, cause?: unknown): never {
  throw new SynapError('UNAUTHENTICATED', message, { cause });
}

const FORGED = 'This address was not signed by this server, or was changed. Ask for a new one.';

function keyOf(url: URL, filesPath: string): StorageKey {
  if (!url.pathname.startsWith(filesPath)) refuse(FORGED);
  try {
    return storageKey(url.pathname.slice(filesPath.length).split('/').map(decodeURIComponent).join('/'));
  } catch (error) {
    if (error instanceof URIError || isSynapError(error, 'INVALID_STORAGE_KEY')) refuse(FORGED, error);
    throw error;
  }
}

/** The one value of a parameter: a second one would let two readers of one address see different things. */
function atMostOne(url: URL, name: string): string | undefined {
  const [value, ...more] = url.searchParams.getAll(name);
  return more.length > 0 ? refuse(FORGED) : value;
}

function single(url: URL, name: string): string {
  return atMostOne(url, name) ?? refuse(FORGED);
}

function answerOf(url: URL): SignedUrlOptions {
  const contentType = atMostOne(url, ANSWER.contentType);
  const contentDisposition = atMostOne(url, ANSWER.contentDisposition);
  const sum = atMostOne(url, ANSWER.checksum);
  return {
    ...(contentType !== undefined && { contentType }),
    ...(contentDisposition !== undefined && { contentDisposition }),
    // Good only if the signature is, which is looked at before anybody gets to see this.
    ...(sum !== undefined && { checksum: sum as Checksum }),
  };
}

/**
 * The object that a signed address gives access to. Method, key, expiry and the answer's headers are all under the
 * signature.
 * @param address absolute, or the path and query of a request
 * @throws {SynapError} `UNAUTHENTICATED` if it was forged, changed, made for another method, or has expired
 */
export function verifySignedUrl(address: string | URL, input: VerifyUrlInput): SignedObject {
  const { secret, method = 'GET', now = Date.now() / 1000, filesPath = FILES_PATH } = input;
  const url = URL.parse(String(address), 'http://localhost') ?? refuse(FORGED);
  const object = { key: keyOf(url, filesPath), ...answerOf(url) };
  const expires = single(url, 'expires');
  const given = Buffer.from(single(url, 'signature'));
  const expected = Buffer.from(signatureOf(secret, method, object, expires));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) refuse(FORGED);
  if (!(now < Number(expires))) refuse('This address has expired. Ask for a new one.');
  return object;
}
