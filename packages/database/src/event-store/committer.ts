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
  /** Groups that may be under way at a time. Default 2; 1 on the embedded database, which has one session. */
  readonly lanes?: number;
  /** The fewest items for which a group sets out while another is under way. Default 16. */
  readonly minOverlap?: number;
}

interface Waiting {
  readonly event: SealedEvent;
  readonly resolve: (row: AppendRow) => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds before each new try after the database did not answer. Event ids make a second try harmless. */
const RETRY_AFTER_MS = [50, 500, 2_000];

/**
 * The queue of a process before the log. While a group commits, the next gathers; an idle committer commits at once. So
 * the fsync and the lock of the log are paid once a group, and nobody waits for company. When enough wait to make a group
 * that is worth its own costs, it sets out before the one ahead of it is back: the server reads it, and this process
 * makes the next, while that one is written.
 */
export class Committer {
  readonly #database: Database;
  readonly #maxGroup: number;
  readonly #maxGroupSize: number;
  readonly #maxQueue: number;
  readonly #lanes: number;
  readonly #minOverlap: number;
  #queue: Waiting[] = [];
  /** The streams of the items that are under way: the next item of such a stream waits. */
  readonly #underWay = new Set<string>();
  /** Groups that are under way. */
  #groups = 0;
  #scheduled = false;
  #closed = false;
  readonly #idle = Promise.withResolvers<void>();

  constructor(database: Database, options: CommitterOptions = {}) {
    this.#database = database;
    this.#maxGroup = options.maxGroup ?? 128;
    this.#maxGroupSize = options.maxGroupSize ?? 4 * 1024 * 1024;
    this.#maxQueue = options.maxQueue ?? 10_000;
    this.#lanes = options.lanes ?? (database.kind === 'pglite' ? 1 : 2);
    this.#minOverlap = options.minOverlap ?? 16;
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
      this.#schedule();
    });
  }

  /** Refuses new events and resolves when those that waited are done. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#groups === 0 && this.#queue.length === 0) return;
    await this.#idle.promise;
  }

  /** A moment later, so that what arrives together goes together. */
  #schedule(): void {
    if (this.#scheduled || this.#groups === this.#lanes) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      while (this.#mayDispatch()) {
        const group = this.#take();
        if (group.length === 0) break;
        void this.#dispatch(group);
      }
    });
  }

  #mayDispatch(): boolean {
    if (this.#groups === 0) return this.#queue.length > 0;
    return this.#groups < this.#lanes && this.#queue.length >= this.#minOverlap;
  }

  async #dispatch(group: readonly Waiting[]): Promise<void> {
    this.#groups++;
    await this.#commit(group);
    this.#groups--;
    for (const { event } of group) this.#underWay.delete(event.aggregateId);
    if (this.#queue.length > 0) this.#schedule();
    else if (this.#closed && this.#groups === 0) this.#idle.resolve();
  }

  /**
   * The next group: in order of arrival, at most one item of a stream; the others of that stream keep their places. It
   * leaves as much as the other groups of its time hold, so that all are of one size.
   */
  #take(): Waiting[] {
    const share = (this.#queue.length + this.#underWay.size) / this.#lanes;
    const most = Math.min(this.#maxGroup, Math.max(Math.ceil(share), this.#minOverlap));
    const group: Waiting[] = [];
    const left: Waiting[] = [];
    let size = 0;
    for (const [index, item] of this.#queue.entries()) {
      const { aggregateId, json } = item.event;
      if (group.length === most || (group.length > 0 && size + json.length > this.#maxGroupSize)) {
        left.push(...this.#queue.slice(index));
        break;
      }
      if (this.#underWay.has(aggregateId)) {
        left.push(item);
        continue;
      }
      this.#underWay.add(aggregateId);
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
