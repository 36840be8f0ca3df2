interface Syncs {
  running: Promise<void>;
  /** Starts when `running` is over; everybody who comes meanwhile shares it. */
  next: Promise<void> | undefined;
}

/**
 * Shares the fsyncs of folders among those who wait for them. An fsync covers the changes made before it *started*: who
 * asks while one is running waits for the next one, together with all others who ask meanwhile. So a folder has at most
 * one running and one waiting, however many write to it.
 */
export class FolderSync {
  readonly #fsync: (folder: string) => Promise<void>;
  readonly #folders = new Map<string, Syncs>();

  /** @param fsync makes the entries of one folder durable */
  constructor(fsync: (folder: string) => Promise<void>) {
    this.#fsync = fsync;
  }

  /** Resolves when every change made to the folder before this call is durable; rejects with what `fsync` throws. */
  sync(folder: string): Promise<void> {
    const syncs = this.#folders.get(folder);
    if (!syncs) return this.#start(folder);
    const start = () => this.#start(folder);
    // Whether the one before failed is the business of those who waited for it.
    syncs.next ??= syncs.running.then(start, start);
    return syncs.next;
  }

  #start(folder: string): Promise<void> {
    const syncs: Syncs = { running: Promise.resolve(), next: undefined };
    this.#folders.set(folder, syncs);
    syncs.running = this.#fsync(folder).finally(() => {
      if (!syncs.next) this.#folders.delete(folder);
    });
    return syncs.running;
  }
}
