import { Worker } from 'node:worker_threads';
import type { Request, Response, SentError, WorkerData } from './pglite-protocol.ts';
import type { Row } from './port.ts';

// Distributes over the union, as plain Omit does not.
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
export type ThreadRequest = WithoutId<Request>;

interface Pending {
  readonly resolve: (rows: Row[][]) => void;
  readonly reject: (error: Error) => void;
}

/** The thread is of no more use: its WASM process broke, or it ended. What it was asked last may have happened or not. */
export class ThreadFailure extends Error {}

/** The number of the answer by which a thread says that it has started. */
const STARTED = 0;

/** One life of the thread that runs PGlite, with the requests that wait for its answers. */
export class PgliteThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = STARTED + 1;
  #failure: ThreadFailure | undefined;
  readonly #fail = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<void>();

  private constructor(folder: string) {
    this.#worker = new Worker(new URL('./pglite-worker.ts', import.meta.url), {
      workerData: { folder } satisfies WorkerData,
    });
    this.#worker.on('message', (response: Response) => this.#receive(response));
    this.#worker.once('error', (cause) => this.#broke(new ThreadFailure('The database thread broke.', { cause })));
    this.#worker.once('exit', () => {
      this.#broke(new ThreadFailure('The database thread ended.'));
      this.#end.resolve();
    });
  }

  /** Resolves when the database in `folder` answers; rejects when it cannot and the thread is gone. */
  static async start(folder: string): Promise<PgliteThread> {
    const thread = new PgliteThread(folder);
    try {
      await new Promise((resolve, reject) => thread.#pending.set(STARTED, { resolve, reject }));
      return thread;
    } catch (error) {
      await thread.ended;
      throw error;
    }
  }

  /** Resolves as soon as the thread is known to be of no more use, which is before it has ended. */
  get failed(): Promise<void> {
    return this.#fail.promise;
  }

  /** Resolves when nothing of the thread touches the folder any more. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** Rejects with `ThreadFailure`, or with an error of PostgreSQL with its `code`. */
  send(request: ThreadRequest): Promise<Row[][]> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id } as Request);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
    await this.ended;
  }

  #receive(response: Response): void {
    const request = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (!request) return;
    if ('rows' in response) {
      request.resolve(response.rows);
      return;
    }
    const error = received(response.error);
    if (error instanceof ThreadFailure) this.#broke(error);
    request.reject(error);
  }

  #broke(failure: ThreadFailure): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#fail.resolve();
    void this.#worker.terminate();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of waiting) pending.reject(failure);
  }
}

function received(error: SentError): Error {
  if (error.fatal) return new ThreadFailure(error.message);
  return Object.assign(new Error(error.message), { code: error.code });
}
