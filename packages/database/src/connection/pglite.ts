import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isSynapError, SynapError } from '@synap/types';
import { fsyncPath, fsyncTree } from './durable-files.ts';
import { databaseError, storageFull } from './errors.ts';
import { FolderLock } from './folder-lock.ts';
import { PgliteThread, ThreadFailure, type ThreadRequest } from './pglite-thread.ts';
import { type Context, type Database, isReadOnly, type Row, type Statement } from './port.ts';
import { Upkeep } from './upkeep.ts';

export interface PgliteOptions {
  /** The data folder. The database lives in `database/` below it, its lock beside that. */
  readonly folder: string;
  /**
   * Bytes that must stay free on the disk; below, writes are refused with `STORAGE_FULL`, because a full disk aborts
   * the database's process. Default 64 MiB.
   */
  readonly minFreeBytes?: number;
}

/** How long, in milliseconds, a look at the free room is believed. 64 MiB last longer than that. */
const ROOM_BELIEVED_MS = 100;
const CREATING = 'database.new';

/**
 * The embedded database: PostgreSQL as WASM in a thread of its own, with what it lacks on a folder added here: a real
 * fsync, a lock against a second process, checkpoints and vacuum, a guard against a full disk, and a new start after the
 * process broke.
 */
export class PgliteDatabase implements Database {
  readonly kind = 'pglite';
  readonly #folder: string;
  readonly #minFreeBytes: number;
  readonly #lock: FolderLock;
  readonly #upkeep: Upkeep;
  #thread: Promise<PgliteThread> | undefined;
  /** Resolves when the thread before is gone: two on one folder would destroy it. */
  #formerEnded: Promise<void> = Promise.resolve();
  #room = { at: Number.NEGATIVE_INFINITY, enough: true };
  readonly #held = new Set<string>();
  #closing: Promise<void> | undefined;

  private constructor(options: PgliteOptions, lock: FolderLock) {
    this.#folder = join(resolve(options.folder), 'database');
    this.#minFreeBytes = options.minFreeBytes ?? 64 * 1024 * 1024;
    this.#lock = lock;
    this.#upkeep = new Upkeep(this);
  }

  /**
   * Opens the folder, which is made if it is not there, and waits until the database answers.
   * @throws {SynapError} `DATA_FOLDER_LOCKED`, `STORAGE_FULL`, `DATABASE_UNAVAILABLE`, `CONFIGURATION_INVALID`
   */
  static async open(options: PgliteOptions): Promise<PgliteDatabase> {
    const lock = lockFolder(resolve(options.folder));
    const database = new PgliteDatabase(options, lock);
    try {
      await database.#create();
      await database.#start();
      database.#upkeep.start();
      return database;
    } catch (error) {
      lock.release();
      throw error instanceof ThreadFailure ? database.#brokenError(error) : databaseError(error);
    }
  }

  async call(statement: Statement): Promise<Row[]> {
    this.#requireRoom();
    const [rows] = await this.#request({ kind: 'call', statement });
    this.#upkeep.wrote();
    return rows ?? [];
  }

  async transaction(context: Context, statements: readonly Statement[]): Promise<Row[][]> {
    if (isReadOnly(context)) return this.#request({ kind: 'transaction', context, statements });
    this.#requireRoom();
    const rows = await this.#request({ kind: 'transaction', context, statements });
    this.#upkeep.wrote();
    return rows;
  }

  async script(sql: string): Promise<void> {
    await this.#request({ kind: 'script', sql });
  }

  /** No other process has the folder open, so this process's own memory is enough. */
  async tryLock(name: string): Promise<AsyncDisposable | null> {
    if (this.#held.has(name)) return null;
    this.#held.add(name);
    return { [Symbol.asyncDispose]: async () => void this.#held.delete(name) };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends the thread as a crash would. For tests. */
  async crash(): Promise<void> {
    await (await this.#start()).end();
  }

  async #close(): Promise<void> {
    await this.#upkeep.stop();
    const thread = await this.#thread?.catch(() => undefined);
    if (thread) {
      // If the last checkpoint fails, the log is replayed at the next start; nothing is lost by going on.
      await thread.send({ kind: 'close' }).catch(() => undefined);
      await thread.end();
    }
    await this.#formerEnded;
    this.#lock.release();
  }

  /**
   * Makes a new database under another name and renames it when all of it is on the disk, so that a crash on the way
   * leaves nothing that looks like a database and is none.
   */
  async #create(): Promise<void> {
    if (existsSync(join(this.#folder, 'PG_VERSION'))) return;
    if (existsSync(join(this.#folder, 'global', 'pg_control'))) {
      throw new SynapError(
        'CONFIGURATION_INVALID',
        `The database in ${this.#folder} is damaged: its PG_VERSION is gone. Restore a backup, or move that folder away.`,
      );
    }
    this.#requireRoom();
    const creating = join(dirname(this.#folder), CREATING);
    rmSync(creating, { recursive: true, force: true });
    const thread = await PgliteThread.start(creating);
    try {
      await thread.send({ kind: 'close' });
    } finally {
      await thread.end();
    }
    fsyncTree(creating);
    rmSync(this.#folder, { recursive: true, force: true });
    renameSync(creating, this.#folder);
    fsyncPath(dirname(this.#folder));
  }

  #start(): Promise<PgliteThread> {
    this.#thread ??= this.#startNext();
    return this.#thread;
  }

  async #startNext(): Promise<PgliteThread> {
    await this.#formerEnded;
    try {
      const thread = await PgliteThread.start(this.#folder);
      this.#formerEnded = thread.ended;
      // What waited for this thread fails; the next request starts a new one, which recovers from the log.
      void thread.failed.then(() => {
        this.#thread = undefined;
      });
      return thread;
    } catch (error) {
      this.#thread = undefined;
      throw error;
    }
  }

  async #request(request: ThreadRequest): Promise<Row[][]> {
    if (this.#closing) throw new SynapError('DATABASE_UNAVAILABLE', 'The database is closed.');
    try {
      const thread = await this.#start();
      return await thread.send(request);
    } catch (error) {
      throw error instanceof ThreadFailure ? this.#brokenError(error) : databaseError(error);
    }
  }

  #brokenError(cause: unknown): SynapError {
    if (!this.#hasRoom()) return storageFull(cause);
    return new SynapError('DATABASE_UNAVAILABLE', 'The database was interrupted and starts again. Try again.', {
      cause,
    });
  }

  #requireRoom(): void {
    if (Date.now() - this.#room.at > ROOM_BELIEVED_MS || !this.#room.enough) {
      this.#room = { at: Date.now(), enough: this.#hasRoom() };
    }
    if (!this.#room.enough) throw storageFull();
  }

  #hasRoom(): boolean {
    const { bavail, bsize } = statfsSync(dirname(this.#folder));
    return bavail * bsize >= this.#minFreeBytes;
  }
}

/** Makes the folder, if it is not there, so that it survives a loss of power, and takes its lock. */
function lockFolder(folder: string): FolderLock {
  try {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (let at = folder; made !== undefined && at !== dirname(made); at = dirname(at)) fsyncPath(dirname(at));
    return FolderLock.acquire(join(folder, 'database.lock'));
  } catch (cause) {
    if (isSynapError(cause)) throw cause;
    throw new SynapError(
      'CONFIGURATION_INVALID',
      `The data folder ${folder} cannot be used. Choose another (--data), or give Synap the right to write there.`,
      { cause },
    );
  }
}
