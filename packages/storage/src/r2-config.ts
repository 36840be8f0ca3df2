import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { SynapError } from '@synap/types';

export interface R2StorageOptions {
  /** Cloudflare's id of the account; the endpoint follows from it. */
  readonly accountId?: string;
  /** The server's address, for anything but R2. Has precedence over `accountId`; one of them is needed. */
  readonly endpoint?: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Goes with temporary credentials. */
  readonly sessionToken?: string;
  readonly bucketName: string;
  /** `auto` if absent, as R2 wants it; AWS S3 needs the bucket's own. */
  readonly region?: string;
  /** Names the bucket in the path rather than in the host name, as most self-hosted servers need. True if absent. */
  readonly forcePathStyle?: boolean;
  /** A connection on which nothing moves for so many milliseconds is given up. 30,000 if absent. */
  readonly requestTimeoutMs?: number;
  /** Requests at a time; others wait for their turn. 64 if absent. */
  readonly maxSockets?: number;
  /** How often a request is sent at most, the first time included, when the store is at fault. 3 if absent. */
  readonly maxAttempts?: number;
}

/** Connecting takes milliseconds; who does not answer by then will not. */
const CONNECT_TIMEOUT_MS = 5_000;

function invalid(message: string): never {
  throw new SynapError('CONFIGURATION_INVALID', message);
}

function endpointOf({ endpoint, accountId }: R2StorageOptions): string {
  if (endpoint !== undefined) {
    const { protocol } = URL.canParse(endpoint) ? new URL(endpoint) : { protocol: '' };
    return /^https?:$/.test(protocol) ? endpoint : invalid('The endpoint of the object store is no http(s) URL.');
  }
  if (accountId === undefined) return invalid('The object store needs an account id or an endpoint.');
  if (!/^[A-Za-z0-9-]+$/.test(accountId)) return invalid('The account id of the object store is not valid.');
  return `https://${accountId}.r2.cloudflarestorage.com`;
}

/** @throws {SynapError} `CONFIGURATION_INVALID` */
export function s3Config(options: R2StorageOptions): S3ClientConfig {
  const { accessKeyId, secretAccessKey, sessionToken, bucketName, requestTimeoutMs = 30_000 } = options;
  if (!accessKeyId || !secretAccessKey) invalid('The object store needs an access key id and a secret access key.');
  if (!bucketName) invalid('The object store needs the name of a bucket.');
  return {
    endpoint: endpointOf(options),
    region: options.region ?? 'auto',
    forcePathStyle: options.forcePathStyle ?? true,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    maxAttempts: options.maxAttempts ?? 3,
    // R2 and others refuse the bodies in chunks with trailing checksums that the client would make of its own accord.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Asking before sending costs a large put a round trip, and a whole second where the server does not answer to it.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_TIMEOUT_MS, requestTimeoutMs),
      // Silence, not duration: a large object on a slow line may take its time.
      socketTimeout: requestTimeoutMs,
      httpAgent: { maxSockets: options.maxSockets ?? 64, keepAlive: true },
      httpsAgent: { maxSockets: options.maxSockets ?? 64, keepAlive: true },
    },
  };
}
