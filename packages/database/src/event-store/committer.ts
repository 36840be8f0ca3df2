import { setTimeout as sleep } from 'node:timers/promises';
import { isSynapError, SynapError } from '@synap/types';
import type { Database } from '../connection/port.ts';
import { type AppendRow, appendEvents } from './append.sql.ts';
import type { SealedEvent } from './envelope.ts';

export interface CommitterOptions {
  /** The most items of one transaction. Default 128. */
  readonly maxGroup?: number;
  /** The most characters of JSON of one transaction. Default 4 Mi. */
  readonly maxGroupSize?: number;
  /** Items that may wait; more are refused with `OVERLOADED`. Default 10,000. */
  readonly maxQueue?: number;
}

interface Waiting {
  readonly event: SealedEvent;
  readonly resolve: (row: AppendRow) => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds before each new try after the database did not answer. Event ids make a second try harmless. */
const RETRY_AFTER_MS = [50, 500, 2_000];

/**
 * The queue of a process before the log. While one group commits, the next gathers; an idle committer commits at once.
 * So the fsync and the lock of the log's head are paid once a group, and nobody waits for company.
 */
export class Committer {
  readonly #database: Database;
  readonly #maxGroup: number;
  readonly #maxGroupSize: number;
  readonly #maxQueue: number;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(database: Database, options: CommitterOptions = {}) {
    this.#database = database;
    this.#maxGroup = options.maxGroup ?? 128;
    this.#maxGroupSize = options.maxGroupSize ?? 4 * 1024 * 1024;
    this.#maxQueue = options.maxQueue ?? 10_000;
  }

  /**
   * Resolves with what became of the event, once that is durable.
   * @throws {SynapError} `OVERLOADED`, `SHUTTING_DOWN`, and the errors of `Database`
   */
  submit(event: SealedEvent): Promise<AppendRow> {
    if (this.#closed)
      return Promise.reject(new SynapError('SHUTTING_DOWN', 'Synap is stopping. Try again in a moment.'));
    if (this.#queue.length >= this.#maxQueue) {
      return Promise.reject(new SynapError('OVERLOADED', 'Too many writes are waiting. Try again in a moment.'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ event, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Refuses new events and resolves when those that waited are done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // One turn of the loop, so that what arrives together goes together.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#commit(this.#take());
    this.#running = undefined;
  }

  /** The next group: in order of arrival, at most one item of a stream; the others of that stream keep their places. */
  #take(): Waiting[] {
    const group: Waiting[] = [];
    const left: Waiting[] = [];
    const streams = new Set<string>();
    let size = 0;
    for (const [index, item] of this.#queue.entries()) {
      const { aggregateId, json } = item.event;
      if (group.length === this.#maxGroup || (group.length > 0 && size + json.length > this.#maxGroupSize)) {
        left.push(...this.#queue.slice(index));
        break;
      }
      if (streams.has(aggregateId)) {
        left.push(item);
        continue;
      }
      streams.add(aggregateId);
      group.push(item);
      size += json.length;
    }
    this.#queue = left;
    return group;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    try {
      const rows = await this.#append(group);
      for (const row of rows) group[row.n]?.resolve(row);
      if (rows.length === group.length) return;
      // Means nothing to those that have their answer; an item without one must not wait for ever.
      const unanswered = new SynapError('DATABASE_FAILED', 'The database did not say what became of an event.');
      for (const item of group) item.reject(unanswered);
    } catch (error) {
      if (group.length > 1 && isSynapError(error, 'DATABASE_FAILED', 'INVALID_TEXT', 'VALIDATION_FAILED')) {
        // Nothing of the group was written. One by one, so that whoever spoilt it fails alone.
        for (const item of group) await this.#commit([item]);
        return;
      }
      for (const item of group) item.reject(error);
    }
  }

  async #append(group: readonly Waiting[]): Promise<AppendRow[]> {
    const items = `[${group.map((item, n) => `${item.event.json},"n":${n}}`).join(',')}]`;
    for (const delay of RETRY_AFTER_MS) {
      try {
        return await appendEvents(this.#database, items);
      } catch (error) {
        if (!isSynapError(error, 'DATABASE_UNAVAILABLE')) throw error;
        await sleep(delay);
      }
    }
    return appendEvents(this.#database, items);
  }
}
