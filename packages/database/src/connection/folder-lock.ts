import { DatabaseSync } from 'node:sqlite';
import { SynapError } from '@synap/types';

/** A lock that the kernel frees when the process dies, however it dies; a PID file would outlive it. */
export class FolderLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws {SynapError} `DATA_FOLDER_LOCKED` if another process, or another part of this one, holds it. */
  static acquire(file: string): FolderLock {
    const database = new DatabaseSync(file);
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
      return new FolderLock(database);
    } catch (cause) {
      database.close();
      if (!(cause instanceof Error && /locked|busy/i.test(cause.message))) throw cause;
      throw new SynapError(
        'DATA_FOLDER_LOCKED',
        'Another Synap is running on this data folder. Use that one, stop it first, or choose another folder (--data).',
        { cause },
      );
    }
  }

  release(): void {
    this.#database.close();
  }
}
