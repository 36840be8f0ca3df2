import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, inParallel } from '../tests/support/client.ts';
import { countLinks, filesBelow } from '../tests/support/count-links.ts';
import { OWNER_KEY, synap, TestServer } from '../tests/support/server.ts';
import { type Row, report } from './report.ts';

const SAMPLE_MS = 200;
const SOURCE = 'bench';

interface Summary {
  readonly files: number;
  readonly created: number;
  readonly updated: number;
  readonly moved: number;
  readonly unchanged: number;
  readonly links: { readonly resolved: number; readonly created: number; readonly removed: number };
}

/**
 * Imports a folder, imports it again, exports it, and compares: every byte and time of every file, and the relations with
 * links counted in another way. Tells what memory the server took beyond what it takes when nothing happens.
 */
export async function benchImport(folder: string): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'synap-bench-'));
  const out = join(data, 'out');
  // The first start makes the database, which takes memory that is nothing of an import's.
  await (await TestServer.start({ data })).stop();
  const server = await TestServer.start({ data });
  const env = { SYNAP_URL: server.url, SYNAP_API_KEY: OWNER_KEY };
  try {
    await sleep(3_000);
    const idle = await server.rss();
    const memory = sampleMemory(server);
    const first = await timed(() => cli<Summary>(['import', folder, '--source', SOURCE], env));
    const second = await timed(() => cli<Summary>(['import', folder, '--source', SOURCE], env));
    const exported = await timed(() => cli<{ files: number }>(['export', out], env));
    const most = await memory.stop();
    const { files } = first.result;

    const different = await compare(folder, out);
    const counted = await countLinks(folder);
    const related = await relations(new Client(server.url));
    const missing = counted.filter((pair) => !related.has(pair));
    const extra = [...related].filter((pair) => !counted.includes(pair));
    const changes = second.result.created + second.result.updated + second.result.moved + second.result.links.created;
    const problems = different.length + missing.length + extra.length + changes + second.result.links.removed;
    for (const pair of [...missing.map((one) => `not related: ${one}`), ...extra.map((one) => `not counted: ${one}`)]) {
      process.stdout.write(`${pair}\n`);
    }
    for (const path of different) process.stdout.write(`different: ${path}\n`);
    const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
    await report(
      'import',
      `${files} files through the command line, 16 in flight, embedded: the second import makes ${changes} changes; ` +
        `${files - different.length} come back byte-identical with their times; ${related.size} relations, ` +
        `${counted.length} links counted in another way, ${missing.length + extra.length} differ. Memory of the server: ` +
        `${mib(idle)} MiB idle, ${mib(most)} MiB at most (+${mib(most - idle)}).`,
      [
        row('import', files, first.seconds),
        row('import again', files, second.seconds),
        row('export', exported.result.files, exported.seconds),
      ],
    );
    if (problems > 0) process.exitCode = 1;
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function cli<Result>(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Result> {
  const { code, stdout, stderr } = await synap([...args, '--json'], { env });
  if (stdout === '') throw new Error(`synap ${args[0]} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const begin = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - begin) / 1000 };
}

function row(name: string, files: number, seconds: number): Row {
  const each = (seconds * 1000) / files;
  return { case: name, rate: files / seconds, p50: each, p95: each };
}

/** The most that the server holds until it is stopped. */
function sampleMemory(server: TestServer): { stop(): Promise<number> } {
  let most = 0;
  let running = true;
  const sampling = (async () => {
    for (; running; await sleep(SAMPLE_MS)) most = Math.max(most, await server.rss());
  })();
  return {
    async stop() {
      running = false;
      await sampling;
      return most;
    },
  };
}

/** Files whose bytes or time, in milliseconds, are not the same in both folders, or that only one of them has. */
async function compare(folder: string, copy: string): Promise<string[]> {
  const different: string[] = [];
  const [files, copies] = [await filesBelow(folder), new Set(await filesBelow(copy))];
  const ms = async (path: string) => Math.floor((await stat(path)).mtimeMs + 0.001);
  await inParallel(files, 8, async (path) => {
    const normal = path.normalize('NFC');
    if (!copies.delete(normal)) {
      different.push(path);
      return;
    }
    const [a, b] = [join(folder, path), join(copy, normal)];
    if (!(await readFile(a)).equals(await readFile(b)) || (await ms(a)) !== (await ms(b))) different.push(path);
  });
  return [...different, ...copies];
}

/** `note -> target` of all mentions. */
async function relations(client: Client): Promise<Set<string>> {
  const paths = new Map<string, string>();
  for await (const { id, path } of pages<{ id: string; path: string }>(client, 'entities.list')) paths.set(id, path);
  const pairs = new Set<string>();
  for await (const one of pages<{ sourceId: string; targetId: string }>(client, 'relations.list')) {
    pairs.add(`${paths.get(one.sourceId)} -> ${paths.get(one.targetId)}`);
  }
  return pairs;
}

async function* pages<Item>(client: Client, procedure: string): AsyncGenerator<Item> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const input = { limit: 100, ...(cursor && { cursor }) };
    const page: { items: Item[]; nextCursor: string | null } = await client.query(procedure, input);
    yield* page.items;
    cursor = page.nextCursor;
  }
}
