import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '@synap/database';
import { type TestDatabase, testDatabase } from '@synap/database/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { jsonLines, type Result, run, type Server, startServer } from './cli-driver.ts';

// A server's first start makes a database; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let library: TestDatabase;
let env: Record<string, string>;
let server: Server;

function synap(args: readonly string[], input?: string): Promise<Result> {
  return run([...args, '--data', library.folder], { env, ...(input !== undefined && { input }) });
}

async function ids(...args: string[]): Promise<string[]> {
  const result = await synap(['search', ...args, '--json']);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  if (result.stdout.length === 0) return [];
  return jsonLines(result).map(({ entity }) => (entity as { id: string }).id);
}

async function capture(content: string, ...args: string[]): Promise<string> {
  const [entity] = jsonLines(await synap(['capture', content, '--json', ...args]));
  return String(entity?.id);
}

/** What is in the index, without what differs from one making to the next. */
async function withDatabase<T>(
  work: (sql: (text: string) => Promise<Record<string, unknown>[]>) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({
    folder: library.folder,
    ...(library.url !== undefined && { url: library.url }),
  });
  try {
    return await work(async (sql) => (await database.transaction({ role: 'owner' }, [{ sql }]))[0] ?? []);
  } finally {
    await database.close();
  }
}

beforeAll(async () => {
  library = await testDatabase();
  await library.database.close();
  env = library.url === undefined ? {} : { DATABASE_URL: library.url };
  server = await startServer(library.folder, { env });
});

afterAll(async () => {
  server?.kill('SIGKILL');
  await server?.ended;
  await library?.close();
});

describe('search', () => {
  let soup: string;
  let garden: string;

  beforeAll(async () => {
    soup = await capture('A cherry tomato soup', '--tag', 'food');
    garden = await capture('Growing tomatoes \u001b[31min a greenhouse');
  });

  it('prints what was found as JSON, best first, one a line', async () => {
    const [line] = jsonLines(await synap(['search', 'cherry', 'soup', '--json']));
    expect(line).toMatchObject({
      entity: { id: soup, type: 'note' },
      snippet: 'A cherry tomato soup',
      highlights: [
        { start: 2, end: 8 },
        { start: 16, end: 20 },
      ],
      matchedBy: ['text'],
    });
  });

  it('takes phrases, exclusions, filters and a limit', async () => {
    expect((await ids('tomato')).toSorted()).toEqual([soup, garden].toSorted());
    expect(await ids('"cherry tomato"')).toEqual([soup]);
    expect(await ids('tomato -soup')).toEqual([garden]);
    const bare = await run(['search', '--json', '--data', library.folder, '--', '-soup', 'tomato'], { env });
    expect(jsonLines(bare).map(({ entity }) => (entity as { id: string }).id)).toEqual([garden]);
    expect(await ids('tomato', '--tag', 'food')).toEqual([soup]);
    expect(await ids('tomato', '--type', 'task', '--type', 'page')).toEqual([]);
    expect(await ids('tomato', '--limit', '1')).toHaveLength(1);
    const { entity } = jsonLines(await synap(['search', 'soup', '--json']))[0] as { entity: { updatedAt: string } };
    const { updatedAt } = entity;
    expect(await ids('soup', '--after', updatedAt)).toEqual([soup]);
    expect(await ids('soup', '--before', updatedAt)).toEqual([]);
    expect(await ids('soup', '--after', '9000-01-01')).toEqual([]);
    expect(await ids('soup', '--after', '2020-01-01', '--before', '9000-01-01T00:00:00+02:00')).toEqual([soup]);
  });

  it('prints for people, and lets no note act on the terminal', async () => {
    const { stdout, code } = await synap(['search', 'tomato']);
    expect(code).toBe(0);
    expect(stdout.toString()).toContain(`note ${soup}`);
    expect(stdout.toString()).toContain('cherry tomato soup');
    expect(stdout.toString()).not.toContain('\u001b[31m');
    const nothing = await synap(['search', 'nowhere']);
    expect(nothing.stdout.toString()).toBe('Nothing was found.\n');
  });

  it('marks the matches on a terminal', async () => {
    const forced = await run(['search', 'cherry', '--data', library.folder], { env: { ...env, FORCE_COLOR: '1' } });
    expect(forced.stdout.toString()).toContain('\u001b[1m\u001b[33mcherry');
  });

  it.each([
    ['--limit', '0'],
    ['--limit', '101'],
    ['--type', 'dragon'],
    ['--after', 'last week'],
    ['--before', '2026-02-30'],
  ])('refuses %s %s', async (...option) => {
    expect((await synap(['search', 'x', ...option])).code).toBe(2);
  });

  it('shows how it is used', async () => {
    const { stdout } = await synap(['search', '--help']);
    for (const word of ['--type', '--tag', '--after', '--before', '--limit', '--json', 'Examples:'])
      expect(stdout.toString()).toContain(word);
  });
});

describe('a library from before there was an index', () => {
  it('is indexed in the background after the start, and by a rebuild', async () => {
    const bird = await capture('a secretary bird');
    server.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    const rows = 'SELECT entity_id, heading::text, body::text FROM search_chunks ORDER BY entity_id, chunk';
    const before = await withDatabase(async (sql) => {
      const found = await sql(rows);
      await sql('DELETE FROM search_chunks');
      return found;
    });
    expect(before.length).toBeGreaterThanOrEqual(3);

    const rebuilt = await synap(['rebuild', '--json']);
    expect(jsonLines(rebuilt)).toEqual([
      { event: 'rebuilt', events: expect.any(Number), indexed: before.length, unindexed: [] },
    ]);
    await withDatabase(async (sql) => {
      expect(await sql(rows)).toEqual(before);
      await sql('DELETE FROM search_chunks');
    });

    server = await startServer(library.folder, { env });
    const deadline = Date.now() + 60_000;
    while ((await ids('secretary')).length === 0 && Date.now() < deadline) await sleep(200);
    expect(await ids('secretary')).toEqual([bird]);
  });
});
