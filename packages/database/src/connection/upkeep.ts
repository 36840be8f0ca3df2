import type { Database } from './port.ts';

/** What a PostgreSQL server does by itself and a single session must be told to do. */
interface Task {
  /** What it runs, one after the other. */
  readonly statements: (database: Database) => Promise<readonly string[]>;
  /** Milliseconds between two runs, if anything was written meanwhile. */
  readonly everyMs: number;
  /** Writes after which it runs earlier. */
  readonly afterWrites: number;
}

// Those that migrations made, in whatever schema; a partitioned one with its partitions.
const TABLES_SQL = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  ORDER BY name`;

async function vacuums(database: Database): Promise<string[]> {
  const [tables = []] = await database.transaction({ role: 'owner', readOnly: true }, [{ sql: TABLES_SQL }]);
  return tables.map(({ name }) => `VACUUM (ANALYZE) ${String(name)}`);
}

const TASKS: readonly Task[] = [
  // Bounds the log that a new start has to replay; one group writes some 100 KiB of it.
  { statements: async () => ['CHECKPOINT'], everyMs: 60_000, afterWrites: 1_000 },
  { statements: vacuums, everyMs: 600_000, afterWrites: 20_000 },
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
      const done = await this.#run(due.task).then(
        () => true,
        () => false,
      );
      if (!done) return;
      due.writes -= writes;
      due.last = now;
    }
  }
  async #run({ statements }: Task): Promise<void> {
    for (const sql of await statements(this.#database)) await this.#database.script(sql);
  }
}
