import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SynapError } from '@synap/types';
import { fsyncPath, fsyncTree } from './durable-files.ts';
import { databaseError, storageFull } from './errors.ts';
import { FolderLock } from './folder-lock.ts';
import type { Request, Response, SentError, WorkerData } from './pglite-protocol.ts';
import type { Context, Database, Row, Statement } from './port.ts';
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

// Distributes over the union, as plain Omit does not.
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

interface Pending {
  readonly resolve: (rows: Row[][]) => void;
  readonly reject: (error: Error) => void;
}

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
  readonly #pending = new Map<number, Pending>();
  readonly #upkeep: Upkeep;
  #worker: Promise<Worker> | undefined;
  #nextId = 1;
  #room = { at: Number.NEGATIVE_INFINITY, enough: true };
  #closing: Promise<void> | undefined;

  private constructor(options: PgliteOptions, lock: FolderLock) {
    this.#folder = join(resolve(options.folder), 'database');
    this.#minFreeBytes = options.minFreeBytes ?? 64 * 1024 * 1024;
    this.#lock = lock;
    this.#upkeep = new Upkeep(this);
  }

  /**
   * Opens the folder, which is made if it is not there, and waits until the database answers.
   * @throws {SynapError} `DATA_FOLDER_LOCKED`, `STORAGE_FULL`, `DATABASE_UNAVAILABLE`
   */
  static async open(options: PgliteOptions): Promise<PgliteDatabase> {
    const folder = resolve(options.folder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = FolderLock.acquire(join(folder, 'database.lock'));
    const database = new PgliteDatabase(options, lock);
    try {
      await database.#create();
      await database.#start();
      database.#upkeep.start();
      return database;
    } catch (error) {
      lock.release();
      throw databaseError(error);
    }
  }

  async call(statement: Statement): Promise<Row[]> {
    this.#requireRoom();
    const [rows] = await this.#request({ kind: 'call', statement });
    this.#upkeep.wrote();
    return rows ?? [];
  }

  transaction(context: Context, statements: readonly Statement[]): Promise<Row[][]> {
    if (context.role !== 'app') this.#requireRoom();
    return this.#request({ kind: 'transaction', context, statements });
  }

  async script(sql: string): Promise<void> {
    await this.#request({ kind: 'script', sql });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The thread's number, for tests that end it as a crash would. */
  async crash(): Promise<void> {
    await (await this.#start()).terminate();
  }

  async #close(): Promise<void> {
    await this.#upkeep.stop();
    const worker = await this.#worker?.catch(() => undefined);
    if (worker) {
      // If the last checkpoint fails, the log is replayed at the next start; nothing is lost by going on.
      await this.#send(worker, { kind: 'close' }).catch(() => undefined);
      await worker.terminate();
    }
    this.#lock.release();
  }

  /**
   * Makes a new database under another name and renames it when all of it is on the disk, so that a crash on the way
   * leaves nothing that looks like a database and is none.
   */
  async #create(): Promise<void> {
    if (existsSync(join(this.#folder, 'PG_VERSION'))) return;
    this.#requireRoom();
    const creating = join(dirname(this.#folder), CREATING);
    rmSync(creating, { recursive: true, force: true });
    const worker = await startWorker(creating, this.#pending);
    await this.#send(worker, { kind: 'close' });
    await worker.terminate();
    fsyncTree(creating);
    rmSync(this.#folder, { recursive: true, force: true });
    renameSync(creating, this.#folder);
    fsyncPath(dirname(this.#folder));
  }

  #start(): Promise<Worker> {
    this.#worker ??= startWorker(this.#folder, this.#pending).then(
      (worker) => {
        worker.once('exit', () => this.#broke(worker, new Error('The database thread ended.')));
        worker.once('error', (error) => this.#broke(worker, error));
        return worker;
      },
      (error: unknown) => {
        this.#worker = undefined;
        throw this.#brokenError(error);
      },
    );
    return this.#worker;
  }

  async #request(request: WithoutId<Request>): Promise<Row[][]> {
    if (this.#closing) throw new SynapError('DATABASE_UNAVAILABLE', 'The database is closed.');
    const worker = await this.#start();
    return this.#send(worker, request);
  }

  #send(worker: Worker, request: WithoutId<Request>): Promise<Row[][]> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        resolve,
        reject: (error) => {
          if (error instanceof WorkerFailure) this.#broke(worker, error);
          reject(error instanceof WorkerFailure ? this.#brokenError(error) : databaseError(error));
        },
      });
      worker.postMessage({ ...request, id } as Request);
    });
  }

  /** Everything that waited fails; the next request starts a new thread, which recovers from the log. */
  #broke(worker: Worker, error: unknown): void {
    this.#worker = undefined;
    void worker.terminate();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of waiting) pending.reject(this.#brokenError(error));
  }

  #brokenError(cause: unknown): SynapError {
    if (!this.#hasRoom()) return storageFull(cause);
    return new SynapError('DATABASE_UNAVAILABLE', 'The database was interrupted and starts again. Try again.', { cause });
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

/** An answer by which the thread says that its WASM process is gone. */
class WorkerFailure extends Error {}

async function startWorker(folder: string, pending: Map<number, Pending>): Promise<Worker> {
  const worker = new Worker(new URL('./pglite-worker.ts', import.meta.url), {
    workerData: { folder } satisfies WorkerData,
  });
  await new Promise<void>((ready, failed) => {
    pending.set(0, { resolve: () => ready(), reject: failed });
    worker.on('message', (response: Response) => receive(response, pending));
    worker.once('error', failed);
    worker.once('exit', () => failed(new Error('The database thread ended while it started.')));
  });
  return worker;
}

function receive(response: Response, pending: Map<number, Pending>): void {
  const request = pending.get(response.id);
  pending.delete(response.id);
  if (!request) return;
  if ('rows' in response) request.resolve(response.rows);
  else request.reject(received(response.error));
}

function received(error: SentError): Error {
  if (error.fatal) return new WorkerFailure(error.message);
  return Object.assign(new Error(error.message), { code: error.code });
}
