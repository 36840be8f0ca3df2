import type { Database } from './port.ts';

/** What a PostgreSQL server does by itself and a single session must be told to do. */
interface Task {
  readonly sql: string;
  /** Milliseconds between two runs, if anything was written meanwhile. */
  readonly everyMs: number;
  /** Writes after which it runs earlier. */
  readonly afterWrites: number;
}

// A checkpoint bounds the log that a new start has to replay; one group writes some 100 KiB of it.
const TASKS: readonly Task[] = [
  { sql: 'CHECKPOINT', everyMs: 60_000, afterWrites: 1_000 },
  ...[
    ...['log_head', 'event_streams', 'events', 'event_private', 'event_ids'],
    ...['entities', 'entity_history', 'task_details', 'tags', 'entity_tags', 'relations'],
  ].map((table) => ({ sql: `VACUUM (ANALYZE) synap.${table}`, everyMs: 600_000, afterWrites: 20_000 })),
];

const LOOK_EVERY_MS = 5_000;

/** Checkpoints and vacuums an embedded database, one short statement at a time between others' requests. */
export class Upkeep {
  readonly #database: Database;
  readonly #due = TASKS.map((task) => ({ task, writes: 0, last: performance.now() }));
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(database: Database) {
    this.#database = database;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.runDue());
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Counts a write, so that an idle database is left alone. */
  wrote(): void {
    for (const due of this.#due) due.writes++;
  }

  /** Runs what is due. A failure is left to the requests to report: the task stays due. */
  async runDue(now = performance.now()): Promise<void> {
    for (const due of this.#due) {
      if (due.writes === 0) continue;
      if (due.writes < due.task.afterWrites && now - due.last < due.task.everyMs) continue;
      const writes = due.writes;
      const done = await this.#database.script(due.task.sql).then(
        () => true,
        () => false,
      );
      if (!done) return;
      due.writes -= writes;
      due.last = now;
    }
  }
}
