import { randomBytes } from 'node:crypto';
import { type ObjectStorage, verifySignedUrl } from '@synap/storage';
import { checksumOf, isSynapError, newRevisionId, SynapError } from '@synap/types';
import { type Diagnosis, fail, ok } from './report.ts';

const PROBE_BYTES = 4096;
const FETCH_TIMEOUT_MS = 10_000;

/** Does once with an object of its own what notes need done: put, read back, sign, list, delete. */
export async function* examineStorage(objects: ObjectStorage, secret: string): AsyncGenerator<Diagnosis> {
  const prefix = 'doctor/';
  const key = `${prefix}${newRevisionId()}.bin`;
  const bytes = randomBytes(PROBE_BYTES);
  const kind = objects.kind === 'fs' ? 'files in the data folder' : 'R2 or another S3 store';
  let stored = false;
  try {
    const written = await objects.upload(key, bytes);
    stored = true;
    const read = await objects.downloadBuffer(key, { checksum: checksumOf(bytes) });
    if (written.checksum !== checksumOf(bytes) || !read.equals(bytes)) {
      throw new SynapError('CHECKSUM_MISMATCH', 'What was read back is not what was put.');
    }
    yield ok('storage', `${kind}: put and read back, SHA-256 matches`);
    yield await examineSecondPut(objects, key, bytes);
    yield await examineSignedUrl(objects, key, bytes, secret);
    yield await examineListing(objects, prefix, key);
  } catch (error) {
    yield failure('storage', error);
  } finally {
    if (stored) yield await remove(objects, key);
  }
}

/** Immutability rests on the store's refusal to write a key twice. */
async function examineSecondPut(objects: ObjectStorage, key: string, bytes: Uint8Array): Promise<Diagnosis> {
  try {
    await objects.upload(key, bytes);
  } catch (error) {
    if (isSynapError(error, 'OBJECT_EXISTS'))
      return ok('storage keys', 'a key is written once; a second put is refused');
    return failure('storage keys', error);
  }
  return fail('storage keys', 'a key can be written twice', 'Use a store that obeys If-None-Match on PutObject.');
}

async function examineSignedUrl(
  objects: ObjectStorage,
  key: string,
  bytes: Buffer,
  secret: string,
): Promise<Diagnosis> {
  try {
    const url = await objects.getSignedUrl(key, 60);
    if (objects.kind === 'fs') {
      // Whether this process serves the address, and under which name, does not matter for the signature.
      const { key: signedFor } = verifySignedUrl(url, { secret });
      if (signedFor !== key) return fail('signed address', 'it names another object', 'Please report this.');
      return ok('signed address', 'made and verified');
    }
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    const body = Buffer.from(await response.arrayBuffer());
    if (response.ok && body.equals(bytes)) return ok('signed address', 'fetched without further credentials');
    return fail('signed address', `the store answered ${response.status}`, 'Compare the clocks of both machines.');
  } catch (error) {
    return failure('signed address', error);
  }
}

async function examineListing(objects: ObjectStorage, prefix: string, key: string): Promise<Diagnosis> {
  for await (const listed of objects.list(prefix)) if (listed.key === key) return ok('storage listing', 'complete');
  return fail('storage listing', 'an object that was put is not listed', 'Give the key the right to list the bucket.');
}

async function remove(objects: ObjectStorage, key: string): Promise<Diagnosis> {
  try {
    await objects.delete(key);
    if (await objects.exists(key)) {
      return fail('storage deletion', 'a deleted object is still there', 'Turn versioning or object lock off.');
    }
    return ok('storage deletion', 'the probe was removed');
  } catch (error) {
    return failure('storage deletion', error);
  }
}

function failure(name: string, error: unknown): Diagnosis {
  if (!isSynapError(error)) throw error;
  const fixes: Partial<Record<typeof error.code, string>> = {
    STORAGE_ACCESS_DENIED: 'Check the keys (R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY) and their rights on the bucket.',
    STORAGE_UNAVAILABLE: 'Check R2_ACCOUNT_ID or S3_ENDPOINT, R2_BUCKET_NAME, and the network.',
    STORAGE_FULL: 'Make room on the disk.',
  };
  return fail(name, error.message, fixes[error.code] ?? 'See the log with LOG_LEVEL=debug.');
}
