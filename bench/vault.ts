import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { openDatabase } from '@synap/database';
import { newEntityId } from '@synap/types';
import { Client, type CreatedNote, inParallel } from '../tests/support/client.ts';
import { TestServer } from '../tests/support/server.ts';
import { percentile, type Row, report } from './report.ts';

const IN_FLIGHT = 16;

interface File {
  readonly path: string;
  readonly bytes: Buffer;
}

/**
 * Captures every Markdown file of a folder through the public API, 16 in flight, and reads each back; beside the floor in
 * the same run: the same files written with fsync, rename, fsync of the folder, and one raw INSERT each.
 */
export async function benchVault(folder: string): Promise<void> {
  const files: File[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.toLowerCase().endsWith('.md')) continue;
    const path = join(entry.parentPath, entry.name);
    files.push({ path, bytes: await readFile(path) });
  }
  const text = files.filter((file) => isText(file.bytes));
  const blank = text.filter((file) => /^\s*$/.test(file.bytes.toString()));
  const data = await mkdtemp(join(tmpdir(), 'synap-bench-'));
  const floor = await writeFloor(text);
  const server = await TestServer.start({ data });
  try {
    const client = new Client(server.url);
    const ids = new Map<string, string>();
    const capture = await timed('captured through the API', text, async (file) => {
      const title = basename(file.path).replace(/\.md$/i, '');
      const content = file.bytes.toString();
      // notes.create refuses blank content, entities.create keeps it: an empty file is a file.
      const id = blank.includes(file)
        ? (await client.mutate<{ id: string }>('entities.create', { type: 'note', title, content })).id
        : (await client.mutate<CreatedNote>('notes.create', { title, content })).entityId;
      ids.set(file.path, id);
    });
    let different = 0;
    const read = await timed('read back', text, async (file) => {
      const bytes = await client.content(ids.get(file.path) ?? '');
      if (sha256(bytes) !== sha256(file.bytes)) different++;
    });
    const size = text.reduce((sum, file) => sum + file.bytes.length, 0);
    await report(
      'vault',
      `${text.length} Markdown files (${blank.length} of them blank, ${(size / 2 ** 20).toFixed(1)} MiB, ` +
        `${files.length - text.length} more are not UTF-8), ${IN_FLIGHT} in flight, embedded: ` +
        `${text.length - different} of ${text.length} read back byte-identical.`,
      [{ ...capture, floor: floor.rate, floorP50: floor.p50 }, read],
    );
    if (different > 0) process.exitCode = 1;
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function writeFloor(files: readonly File[]): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'synap-floor-'));
  const database = await openDatabase({ folder });
  try {
    await database.script('CREATE TABLE raw_notes (id uuid PRIMARY KEY, path text NOT NULL, size integer NOT NULL)');
    return await timed('floor', files, async (file) => {
      const id = newEntityId();
      const target = join(folder, 'files', id, 'note.md');
      await mkdir(dirname(target), { recursive: true });
      const handle = await open(`${target}.tmp`, 'w');
      await handle.writeFile(file.bytes);
      await handle.sync();
      await handle.close();
      await rename(`${target}.tmp`, target);
      const parent = await open(dirname(target), 'r');
      await parent.sync();
      await parent.close();
      await database.call({
        sql: 'INSERT INTO raw_notes (id, path, size) VALUES ($1, $2, $3)',
        params: [id, file.path, file.bytes.length],
      });
    });
  } finally {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function timed(name: string, files: readonly File[], task: (file: File) => Promise<void>): Promise<Row> {
  const latencies: number[] = [];
  const begin = performance.now();
  await inParallel(files, IN_FLIGHT, async (file) => {
    const start = performance.now();
    await task(file);
    latencies.push(performance.now() - start);
  });
  const seconds = (performance.now() - begin) / 1000;
  const sorted = latencies.toSorted((a, b) => a - b);
  return { case: name, rate: files.length / seconds, p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) };
}

function isText(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
