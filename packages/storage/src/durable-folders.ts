import { dirname } from 'node:path';
import { SynapError } from '@synap/types';
import type { FolderSync } from './folder-sync.ts';
import { errnoOf, type FileSystem } from './fs-system.ts';

/** Far more than are in use at once; when it is reached, everything is looked at afresh. */
const MAX_REMEMBERED = 100_000;

/**
 * Folders below a root that survive the loss of power. A folder does so only when the entry in its parent was synced,
 * and so on upwards; whoever finds it in place cannot know whether who made it ever got so far. So each folder's parent
 * is synced once in the life of this process, also when the folder was there already, and everybody who needs the
 * folder meanwhile waits for that.
 */
export class DurableFolders {
  readonly #root: string;
  readonly #fileSystem: FileSystem;
  readonly #folderSync: FolderSync;
  readonly #durable = new Set<string>();
  readonly #underway = new Map<string, Promise<boolean>>();

  /** @param root absolute, existing and durable */
  constructor(root: string, fileSystem: FileSystem, folderSync: FolderSync) {
    this.#root = root;
    this.#fileSystem = fileSystem;
    this.#folderSync = folderSync;
  }

  /**
   * Resolves when `folder`, the root or one below it, exists for good: with true if this very call made it, so that
   * nothing can be in it that the caller did not put there.
   * @throws {SynapError} `INVALID_STORAGE_KEY` if an object stands where a folder is needed; `STORAGE_ACCESS_DENIED` if
   * a symbolic link does
   */
  ensure(folder: string): Promise<boolean> {
    if (folder === this.#root || this.#durable.has(folder)) return Promise.resolve(false);
    const underway = this.#underway.get(folder);
    if (underway) return underway.then(() => false);
    const created = this.#create(folder).finally(() => this.#underway.delete(folder));
    this.#underway.set(folder, created);
    return created;
  }

  /** To be called when a folder turns out to be gone: somebody removed it, and perhaps others above it. */
  forget(folder: string): void {
    for (let each = folder; each.length > this.#root.length; each = dirname(each)) this.#durable.delete(each);
  }

  async #create(folder: string): Promise<boolean> {
    const parent = dirname(folder);
    await this.ensure(parent);
    let made = true;
    try {
      await this.#fileSystem.mkdir(folder, { mode: 0o700 });
    } catch (error) {
      made = false;
      if (errnoOf(error) !== 'EEXIST') throw error;
      await this.#assertFolder(folder, error);
    }
    await this.#folderSync.sync(parent);
    if (this.#durable.size >= MAX_REMEMBERED) this.#durable.clear();
    this.#durable.add(folder);
    return made;
  }

  async #assertFolder(folder: string, cause: unknown): Promise<void> {
    const stats = await this.#fileSystem.lstat(folder);
    if (stats.isDirectory()) return;
    if (stats.isSymbolicLink()) throw linkRefused(folder);
    throw new SynapError('INVALID_STORAGE_KEY', 'A part of this key is the whole key of another object.', { cause });
  }
}

/** Synap makes no symbolic links in its folder: one that is there leads somewhere that is not ours. */
export function linkRefused(path: string): SynapError {
  return new SynapError(
    'STORAGE_ACCESS_DENIED',
    'A symbolic link stands where an object belongs; it is not followed.',
    {
      cause: new Error(`not followed: ${path}`),
    },
  );
}
