import { type ContentReference, contentReferences, type Database, type Finding } from '@synap/database';
import type { ObjectStorage } from '@synap/storage';
import { isSynapError } from '@synap/types';
import { concurrently, sample } from './concurrent.ts';

/** Objects that are read back at once, each piece by piece. */
const IN_FLIGHT = 16;

export interface ContentOptions {
  /** Only so many, chosen at random. */
  readonly sample?: number;
  readonly onFinding: (finding: Finding) => Promise<void> | void;
  readonly onProgress: (done: number) => void;
}

async function* all<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

/**
 * Reads back every content object that the log names and compares size and SHA-256.
 * @returns how many objects were read
 * @throws {SynapError} `STORAGE_UNAVAILABLE`, `STORAGE_ACCESS_DENIED`: a store that does not answer has lost nothing
 */
export async function verifyContent(
  database: Database,
  objects: ObjectStorage,
  options: ContentOptions,
): Promise<number> {
  const references = contentReferences(database);
  const chosen = options.sample === undefined ? references : all(await sample(references, options.sample));
  let done = 0;
  await concurrently(chosen, IN_FLIGHT, async (reference) => {
    const finding = await findingOf(objects, reference);
    if (finding) await options.onFinding(finding);
    options.onProgress(++done);
  });
  return done;
}

async function findingOf(objects: ObjectStorage, reference: ContentReference): Promise<Finding | undefined> {
  const { key, checksum, size, entityId, version } = reference;
  const finding = (code: string, message: string): Finding => ({
    check: 'content',
    code,
    message,
    aggregateId: entityId,
    version,
  });
  try {
    let bytes = 0;
    for await (const piece of await objects.downloadStream(key, { checksum })) bytes += piece.length;
    if (bytes === size) return undefined;
    return finding('CONTENT_SIZE_WRONG', `The content has ${bytes} bytes, the log says ${size}.`);
  } catch (error) {
    if (isSynapError(error, 'OBJECT_NOT_FOUND')) return finding('CONTENT_MISSING', 'The content is missing.');
    if (isSynapError(error, 'INVALID_STORAGE_KEY')) {
      return finding('CONTENT_KEY_INVALID', 'The log names content under a key that cannot exist.');
    }
    if (!isSynapError(error, 'CHECKSUM_MISMATCH')) throw error;
    const stored = await objects.getMetadata(key);
    return stored.size === size
      ? finding('CONTENT_ALTERED', 'The content is not what was written: its SHA-256 differs.')
      : finding('CONTENT_SIZE_WRONG', `The content has ${stored.size} bytes, the log says ${size}.`);
  }
}
