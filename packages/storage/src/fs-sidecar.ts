import { createHash, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type StorageKey, SynapError } from '@synap/types';
import type { DurableFolders } from './durable-folders.ts';
import type { FolderSync } from './folder-sync.ts';
import { type FileSystem, ifPresent } from './fs-system.ts';
import { isStrings, type Media, typeOfKey } from './media.ts';

/**
 * What a file system cannot keep with a file: a content type other than the one of its extension, and metadata. Most
 * objects have neither, and no sidecar. It lies in `<root>/.meta/<2 digits>/<SHA-256 of the key>.json` and names its
 * key: named by the key itself, `a` and `a.json/b` would want a file and a folder of one name, and the longest names
 * would be too long.
 *
 * A sidecar is durable before its object is published, and is removed after it; one without an object means nothing,
 * and the next upload of that key replaces it. Callers hold the lock of the key.
 */
export class Sidecars {
  readonly #folder: string;
  readonly #tmpFolder: string;
  readonly #fileSystem: FileSystem;
  readonly #folders: DurableFolders;
  readonly #folderSync: FolderSync;

  constructor(
    root: string,
    tmpFolder: string,
    fileSystem: FileSystem,
    folders: DurableFolders,
    folderSync: FolderSync,
  ) {
    this.#folder = join(root, '.meta');
    this.#tmpFolder = tmpFolder;
    this.#fileSystem = fileSystem;
    this.#folders = folders;
    this.#folderSync = folderSync;
  }

  /**
   * Puts the sidecar of a new object in place, or, if it needs none, makes sure that none is there.
   * @param mayHaveOne false if nothing of this name can ever have been written
   */
  async prepare(key: StorageKey, { contentType, metadata }: Media, mayHaveOne: boolean): Promise<void> {
    if (!needsSidecar(key, { contentType, metadata })) return mayHaveOne ? this.remove(key) : undefined;
    const path = this.#pathOf(key);
    const tmp = join(this.#tmpFolder, randomUUID());
    await this.#folders.ensure(dirname(path));
    try {
      await using handle = await this.#fileSystem.open(tmp, 'wx', 0o600);
      await handle.writeFile(JSON.stringify({ key, contentType, metadata }));
      await handle.datasync();
      await this.#fileSystem.rename(tmp, path);
    } catch (error) {
      await this.#fileSystem.rm(tmp, { force: true });
      throw error;
    }
    await this.#folderSync.sync(dirname(path));
  }

  async remove(key: StorageKey): Promise<void> {
    const path = this.#pathOf(key);
    const removed = await ifPresent(async () => {
      await this.#fileSystem.unlink(path);
      return true;
    });
    if (removed) await this.#folderSync.sync(dirname(path));
  }

  /** @throws {SynapError} `CHECKSUM_MISMATCH` if the sidecar was damaged */
  async read(key: StorageKey): Promise<Media> {
    const json = await ifPresent(() => this.#fileSystem.readFile(this.#pathOf(key), 'utf8'));
    return json === undefined ? { contentType: typeOfKey(key), metadata: {} } : parse(json, key);
  }

  #pathOf(key: StorageKey): string {
    const hash = createHash('sha256').update(key).digest('hex');
    return join(this.#folder, hash.slice(0, 2), `${hash}.json`);
  }
}

function parse(json: string, key: StorageKey): Media {
  let cause: unknown = new Error(`damaged sidecar of ${key}`);
  try {
    const value: unknown = JSON.parse(json);
    if (isSidecar(value) && value.key === key) return { contentType: value.contentType, metadata: value.metadata };
  } catch (error) {
    cause = error;
  }
  throw new SynapError('CHECKSUM_MISMATCH', 'The stored metadata is damaged.', { cause });
}

function isSidecar(value: unknown): value is Media & { readonly key: string } {
  if (typeof value !== 'object' || value === null) return false;
  if (!('key' in value && 'contentType' in value && 'metadata' in value)) return false;
  return typeof value.key === 'string' && typeof value.contentType === 'string' && isStrings(value.metadata);
}

/** Whether a key does not tell all there is to know of its object. */
export function needsSidecar(key: StorageKey, { contentType, metadata }: Media): boolean {
  return contentType !== typeOfKey(key) || Object.keys(metadata).length > 0;
}
