import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type EntityId, newEntityId, newUserId } from '@synap/types';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Upkeep } from '../src/connection/upkeep.ts';
import { Committer, type Database, EventRepository, migrate, PgliteDatabase } from '../src/index.ts';
import { noteCreated, titled } from './support/events.ts';
import { asOwner, failure, findings } from './support/library.ts';

const WRITER = fileURLToPath(new URL('./fixtures/writer.ts', import.meta.url));
const user = newUserId();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synap-pglite-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function openMigrated(at = folder, minFreeBytes?: number): Promise<PgliteDatabase> {
  const database = await PgliteDatabase.open({ folder: at, ...(minFreeBytes === undefined ? {} : { minFreeBytes }) });
  await migrate(database);
  return database;
}

async function streams(database: Database): Promise<Set<string>> {
  return new Set((await asOwner(database, 'SELECT id FROM entities')).map((row) => String(row.id)));
}

describe('the lock of the data folder', () => {
  it('refuses a second opening in the same process and harms nothing', async () => {
    const first = await openMigrated();
    expect(await failure(PgliteDatabase.open({ folder }))).toMatchObject({ code: 'DATA_FOLDER_LOCKED' });
    const events = new EventRepository(first, new Committer(first));
    await events.append(noteCreated(user));
    expect(await findings(first)).toEqual([]);
    await first.close();
    const again = await PgliteDatabase.open({ folder });
    expect((await streams(again)).size).toBe(1);
    await again.close();
  });

  it('refuses another process, and is free at once when that one is killed, with all it acknowledged', async () => {
    await (await openMigrated()).close();
    const acknowledged: string[] = [];
    for (let round = 1; round <= 3; round++) {
      const child = spawn(process.execPath, [WRITER, folder, user], { stdio: ['ignore', 'pipe', 'inherit'] });
      const gone = once(child, 'exit');
      let lines = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        if (line !== 'open') acknowledged.push(line);
        if (lines++ === 0) {
          expect(await failure(PgliteDatabase.open({ folder }))).toMatchObject({ code: 'DATA_FOLDER_LOCKED' });
        }
        if (lines === 20 * round) child.kill('SIGKILL');
      }
      await gone;
      const database = await PgliteDatabase.open({ folder });
      const there = await streams(database);
      expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
      expect(await findings(database)).toEqual([]);
      await database.close();
    }
    expect(acknowledged.length).toBeGreaterThan(100);
  });
});

describe('a database thread that breaks', () => {
  it('loses nothing that was acknowledged, and whoever was writing succeeds when it is back', async () => {
    const database = await openMigrated();
    const committer = new Committer(database);
    const events = new EventRepository(database, committer);
    const acknowledged: EntityId[] = [];
    const writers = Array.from({ length: 8 }, async () => {
      for (let note = 0; note < 30; note++) {
        const id = newEntityId();
        await events.append(noteCreated(user, id));
        await events.append(titled(user, id, 'second', 1));
        acknowledged.push(id);
        if (acknowledged.length === 40 || acknowledged.length === 120) await database.crash();
      }
    });
    await Promise.all(writers);
    const there = await streams(database);
    expect(acknowledged).toHaveLength(240);
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
    expect(await findings(database)).toEqual([]);
    const [row] = await asOwner(database, 'SELECT position FROM log_head');
    expect(row?.position).toBe(480);
    await database.close();
  });
});

describe('a folder that a crash left half made', () => {
  it('is made anew', async () => {
    await mkdir(join(folder, 'database.new', 'base'), { recursive: true });
    await writeFile(join(folder, 'database.new', 'PG_VERSION'), 'half');
    const database = await openMigrated();
    expect(await findings(database)).toEqual([]);
    expect(await readdir(folder)).not.toContain('database.new');
    await database.close();
  });

  it('is not taken for new where a database was and its mark is gone', async () => {
    await (await openMigrated()).close();
    await rm(join(folder, 'database', 'PG_VERSION'));
    expect(await failure(PgliteDatabase.open({ folder }))).toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });
});

describe('upkeep', () => {
  it('runs nothing for nobody, and everything that is due after writes', async () => {
    const ran: string[] = [];
    const database = {
      script: async (sql: string) => void ran.push(sql),
      transaction: async () => [[{ name: 'synap.events' }]],
    } as unknown as Database;
    const upkeep = new Upkeep(database);
    await upkeep.runDue(performance.now() + 3_600_000);
    expect(ran).toEqual([]);
    upkeep.wrote();
    await upkeep.runDue();
    expect(ran).toEqual([]);
    await upkeep.runDue(performance.now() + 3_600_000);
    expect(ran).toContain('CHECKPOINT');
    expect(ran).toContain('VACUUM (ANALYZE) synap.events');
    ran.length = 0;
    await upkeep.runDue(performance.now() + 7_200_000);
    expect(ran).toEqual([]);
  });

  it('forgets no table, also of a later migration', async () => {
    const database = await openMigrated();
    await database.script('CREATE TABLE synap."A later one" (id int)');
    const upkeep = new Upkeep(database);
    upkeep.wrote();
    await upkeep.runDue(performance.now() + 3_600_000);
    const tables = await asOwner(
      database,
      `SELECT schemaname || '.' || relname AS name, analyze_count::int AS times FROM pg_stat_user_tables`,
    );
    const names = tables.map(({ name }) => name);
    for (const name of ['synap.search_chunks', 'synap.uploads', 'auth.sessions', 'auth.sign_in_links']) {
      expect(names).toContain(name);
    }
    expect(names).toContain('synap.A later one');
    expect(tables.filter(({ times }) => times === 0)).toEqual([]);
    await database.close();
  });

  it.each([
    ['a call', true, (database: Database) => database.call({ sql: 'SELECT 1' })],
    ['a transaction that may write', true, (database: Database) => database.transaction({ role: 'owner' }, [])],
    [
      'a transaction that may not',
      false,
      (database: Database) => database.transaction({ role: 'owner', readOnly: true }, []),
    ],
  ])('counts %s: %s', async (_name, counts, work) => {
    const wrote = vi.spyOn(Upkeep.prototype, 'wrote');
    try {
      const database = await openMigrated();
      wrote.mockClear();
      await work(database);
      expect(wrote).toHaveBeenCalledTimes(counts ? 1 : 0);
      await database.close();
    } finally {
      wrote.mockRestore();
    }
  });

  it('bounds the log that a new start has to replay, and keeps a row that is always rewritten small', async () => {
    const database = await openMigrated();
    const upkeep = new Upkeep(database);
    const events = new EventRepository(database, new Committer(database));
    const id = newEntityId();
    await events.append(noteCreated(user, id));
    for (let version = 1; version <= 200; version++) await events.append(titled(user, id, `${version}`, version));
    upkeep.wrote();
    const redo = async () => (await database.call({ sql: 'SELECT redo_lsn::text FROM pg_control_checkpoint()' }))[0];
    const before = await redo();
    await upkeep.runDue(performance.now() + 3_600_000);
    expect(await redo()).not.toEqual(before);
    const [size] = await database.call({ sql: `SELECT pg_relation_size('synap.log_head') AS bytes` });
    expect(Number(size?.bytes)).toBeLessThanOrEqual(5 * 8192);
    await database.close();
  });
});

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!canMount)('a full disk (needs to be root on Linux, to mount a small one)', () => {
  const run = (command: string, ...args: string[]) => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  };
  /** A database that was made elsewhere, on a disk of its own of so many MiB. */
  async function onSmallDisk(mebibytes: number): Promise<string> {
    const made = join(folder, 'made');
    await (await openMigrated(made)).close();
    const disk = join(folder, 'disk');
    await mkdir(disk);
    run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', disk);
    await cp(made, disk, { recursive: true });
    return disk;
  }
  afterEach(() => run('umount', '-l', join(folder, 'disk')));

  it('refuses writes while there is still room for the database itself, reads on, and goes on when there is more', async () => {
    const disk = await onSmallDisk(220);
    const database = await PgliteDatabase.open({ folder: disk });
    const events = new EventRepository(database, new Committer(database));
    const id = newEntityId();
    await events.append(noteCreated(user, id));
    const filler = join(disk, 'filler');
    run('sh', '-c', `head -c ${await freeBytes(disk, 40)} /dev/zero > '${filler}'`);
    expect(await failure(events.append(noteCreated(user)))).toMatchObject({ code: 'STORAGE_FULL' });
    expect((await events.getAggregateEvents(user, id)).length).toBe(1);
    await rm(filler);
    await events.append(titled(user, id, 'second', 1));
    expect(await findings(database)).toEqual([]);
    await database.close();
  });

  it('that is used up under it aborts the database, which comes back with all that was acknowledged', async () => {
    const disk = await onSmallDisk(160);
    const database = await PgliteDatabase.open({ folder: disk, minFreeBytes: 0 });
    const committer = new Committer(database);
    const events = new EventRepository(database, committer);
    const filler = join(disk, 'filler');
    run('sh', '-c', `head -c ${await freeBytes(disk, 2)} /dev/zero > '${filler}'`);
    const acknowledged: EntityId[] = [];
    const refused = await failure(
      (async () => {
        for (;;) {
          const id = newEntityId();
          await events.append(noteCreated(user, id, { preview: 'x'.repeat(100_000) }));
          acknowledged.push(id);
        }
      })(),
    );
    expect(['STORAGE_FULL', 'DATABASE_UNAVAILABLE', 'DATABASE_FAILED']).toContain(refused.code);
    await rm(filler);
    const id = newEntityId();
    await events.append(noteCreated(user, id));
    const there = await streams(database);
    expect([...acknowledged, id].filter((one) => !there.has(one))).toEqual([]);
    expect(await findings(database)).toEqual([]);
    await database.close();
  });

  /** How much to write so that `left` MiB remain. */
  async function freeBytes(disk: string, left: number): Promise<number> {
    const { statfs } = await import('node:fs/promises');
    const { bavail, bsize } = await statfs(disk);
    expect((await stat(disk)).isDirectory()).toBe(true);
    return bavail * bsize - left * 1024 * 1024;
  }
});
