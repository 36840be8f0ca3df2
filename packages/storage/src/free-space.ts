import { SynapError } from '@synap/types';
import type { FileSystem } from './fs-system.ts';

/**
 * Refuses writes while there is still some room: a disk that is full to the last byte would also stop the database,
 * which cannot recover by itself.
 */
export class FreeSpace {
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  readonly #minFreeBytes: number;
  readonly #everyMs: number;
  #available = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  /**
   * @param minFreeBytes what must stay free; 0 to look at nothing
   * @param everyMs for how long an answer of the file system is good; in between, what is written is subtracted
   */
  constructor(fileSystem: FileSystem, folder: string, minFreeBytes: number, everyMs = 250) {
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.#minFreeBytes = minFreeBytes;
    this.#everyMs = everyMs;
  }

  /** @throws {SynapError} `STORAGE_FULL` if there would be too little left after writing `bytes` more */
  async take(bytes: number): Promise<void> {
    if (this.#minFreeBytes <= 0) return;
    if (performance.now() - this.#lookedAt >= this.#everyMs) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    if (this.#available - bytes < this.#minFreeBytes) {
      throw new SynapError('STORAGE_FULL', 'There is too little room left on the disk. Make room and try again.', {
        details: { minFreeBytes: this.#minFreeBytes },
      });
    }
    this.#available -= bytes;
  }

  async #look(): Promise<void> {
    const { bavail, bsize } = await this.#fileSystem.statfs(this.#folder);
    this.#available = bavail * bsize;
    this.#lookedAt = performance.now();
  }
}
