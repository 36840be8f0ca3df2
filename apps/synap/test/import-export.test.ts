import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { lstat, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { type TestDatabase, testDatabase } from '@synap/database/testing';
import type { Entity, Relation } from '@synap/types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openZip } from '../src/import/zip-source.ts';
import { jsonLines, run, type Server, startServer, temporaryFolder } from './cli-driver.ts';
import { RELATIONS, timeOf, VAULT, write, writeOddities, writeVault, type ZipEntry, zipOf } from './vault.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 90_000 });

const BIN = fileURLToPath(new URL('../src/bin.ts', import.meta.url));

let library: TestDatabase;
let env: Record<string, string>;
let server: Server;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let root: string;
let source: string;
let number = 0;

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
beforeEach(async () => {
  folder = await temporaryFolder();
  root = join(folder.path, 'vault');
  source = `source ${number++}`;
});
afterEach(() => folder.remove());

interface Summary extends Record<string, unknown> {
  readonly refused: { path: string; code: string }[];
  readonly conflicts: { path: string; code: string }[];
  readonly warnings: { path: string; code: string }[];
}

const synap = (args: readonly string[]) => run([...args, '--data', library.folder], { env });

async function imported(path: string, code = 0, ...more: string[]): Promise<Summary> {
  const result = await synap(['import', path, '--source', source, '--json', ...more]);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(code);
  return jsonLines(result)[0] as unknown as Summary;
}

async function exported(path: string, ...more: string[]): Promise<void> {
  const result = await synap(['export', path, '--json', ...more]);
  expect(result).toMatchObject({ code: 0, stderr: '' });
}

async function query<Result>(procedure: string, input: object): Promise<Result> {
  const key = String(server.lines[0]?.apiKey);
  const response = await fetch(`${server.url}/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return ((await response.json()) as { result: { data: Result } }).result.data;
}

async function mutate(procedure: string, input: object): Promise<void> {
  const key = String(server.lines[0]?.apiKey);
  const response = await fetch(`${server.url}/trpc/${procedure}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(input),
  });
  expect(response.status).toBe(200);
}

async function all<Item>(procedure: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: Item[]; nextCursor: string | null } = await query(procedure, {
      limit: 100,
      ...(cursor && { cursor }),
    });
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

/** What the source holds: each path once, with the paths that it mentions. */
async function holding(): Promise<Record<string, { id: string; mentions: string[]; version: number }>> {
  const entities = (await all<Entity>('entities.list')).filter((entity) => entity.origin?.source === source);
  const paths = new Map(entities.map((entity) => [entity.id as string, entity.path ?? '']));
  const relations = (await all<Relation>('relations.list')).filter((relation) => paths.has(relation.sourceId));
  expect(new Set(paths.values()).size).toBe(entities.length);
  return Object.fromEntries(
    entities.map(({ id, path, version }) => {
      const mentions = relations.filter((one) => one.sourceId === id).map((one) => paths.get(one.targetId) ?? '');
      return [path ?? '', { id, version, mentions: mentions.toSorted() }];
    }),
  );
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).map((one) => relative(path, join(one.parentPath, one.name)));
}

describe('a vault', () => {
  it('comes in whole, comes again without a change, and goes out as it was', async () => {
    await writeVault(root);
    await writeOddities(root);
    const first = await imported(root, 1);
    expect(first).toMatchObject({
      created: Object.keys(VAULT).length,
      updated: 0,
      unchanged: 0,
      hidden: 3,
      conflicts: [],
    });
    expect(first.refused).toMatchObject([
      { path: 'link.md', code: 'SYMBOLIC_LINK' },
      { path: 'up', code: 'SYMBOLIC_LINK' },
    ]);
    expect(first.warnings.map(({ path, code }) => `${path}: ${code}`)).toEqual([
      'Broken front matter.md: FRONT_MATTER_BROKEN',
      'many tags.md: TAGS_CUT',
      'not utf8.md: NO_NOTE',
    ]);
    expect(first.missingLinks).toEqual([{ path: 'Home.md', target: 'Nowhere' }]);
    const there = await holding();
    expect(Object.keys(there).toSorted()).toEqual(
      Object.keys(VAULT)
        .map((path) => path.normalize('NFC'))
        .toSorted(),
    );
    const mentions = Object.entries(there).filter(([, { mentions }]) => mentions.length > 0);
    expect(Object.fromEntries(mentions.map(([path, one]) => [path, one.mentions]))).toEqual(
      Object.fromEntries(Object.entries(RELATIONS).map(([path, targets]) => [path, targets.toSorted()])),
    );

    const again = await imported(root, 1);
    expect(again).toMatchObject({ created: 0, updated: 0, moved: 0, unchanged: Object.keys(VAULT).length });
    expect(again.links).toMatchObject({ created: 0, removed: 0 });
    expect(await holding()).toEqual(there);

    const out = join(folder.path, 'out');
    await exported(out);
    for (const [index, [path, content]] of Object.entries(VAULT).entries()) {
      const location = join(out, path.normalize('NFC'));
      expect((await readFile(location)).equals(Buffer.from(content))).toBe(true);
      expect(Math.floor((await stat(location)).mtimeMs + 0.001)).toBe(timeOf(index).getTime());
    }
    const zip = join(folder.path, 'out.zip');
    await exported(zip);
    for (const copy of [out, zip]) {
      expect(await imported(copy)).toMatchObject({
        updated: 0,
        moved: 0,
        conflicts: [],
        unchanged: Object.keys(VAULT).length,
      });
    }
  });

  it('tells what it would do, and does nothing', async () => {
    await write(root, 'a.md', 'a');
    expect(await imported(root, 0, '--dry-run')).toMatchObject({ created: 1, dryRun: true });
    expect(await holding()).toEqual({});
  });

  it('knows what was changed, moved, deleted, and changed on both sides', async () => {
    for (const name of ['same', 'changed', 'moved', 'both', 'deleted'])
      await write(root, `${name}.md`, name, timeOf(1));
    await imported(root);
    const before = await holding();
    await mutate('entities.update', { id: before['both.md']?.id, content: 'mine' });
    await mutate('entities.delete', { id: before['deleted.md']?.id });
    await write(root, 'both.md', 'theirs');
    await write(root, 'changed.md', 'changed again');
    await write(root, 'sub/moved.md', 'moved', timeOf(1));
    await rm(join(root, 'moved.md'));
    expect(await imported(root, 1)).toMatchObject({
      ...{ created: 0, updated: 1, moved: 1, unchanged: 1, gone: 0 },
      conflicts: [
        { path: 'both.md', code: 'BOTH_CHANGED' },
        { path: 'deleted.md', code: 'DELETED_HERE' },
      ],
    });
    const after = await holding();
    expect(after['sub/moved.md']).toMatchObject({ id: before['moved.md']?.id, version: 2 });
    expect(after['both.md']).toMatchObject({ version: 2 });
    await rename(join(root, 'sub/moved.md'), join(folder.path, 'away.md'));
    expect(await imported(root, 1)).toMatchObject({ gone: 1, moved: 0 });
    expect(Object.keys(await holding())).toContain('sub/moved.md');
  });

  it('can be imported twice at once', async () => {
    await writeVault(root);
    await Promise.all([imported(root), imported(root)]);
    const there = await holding();
    expect(Object.keys(there)).toHaveLength(Object.keys(VAULT).length);
    expect(Object.values(there).every((one) => one.version === 1)).toBe(true);
  });

  it('is the same after an import that was killed again and again', async () => {
    await writeVault(root);
    for (let n = 0; n < 300; n++) await write(root, `many/n${n}.md`, `[[n${(n * 7) % 300}]] #t${n % 5}`, timeOf(n));
    for (const enough of [1, 100, 200]) {
      const args = [BIN, 'import', root, '--source', source, '--data', library.folder];
      const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
      const closed = once(child, 'close');
      while ((await query<{ items: unknown[] }>('imports.known', { source, limit: 500 })).items.length < enough) {
        await sleep(20);
      }
      child.kill('SIGKILL');
      expect((await closed)[1]).toBe('SIGKILL');
    }
    await imported(root);
    const there = await holding();
    source = `${source} clean`;
    await imported(root);
    const clean = await holding();
    const shown = (held: typeof there) => Object.entries(held).map(([path, { id: _, ...rest }]) => ({ path, ...rest }));
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
    expect(shown(there).toSorted(byPath)).toEqual(shown(clean).toSorted(byPath));
  });

  it('stops at Ctrl-C where it can go on', async () => {
    for (let n = 0; n < 400; n++) await write(root, `n${n}.md`, `note ${n}`);
    const args = [BIN, 'import', root, '--source', source, '--data', library.folder, '--json'];
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    while (Object.keys(await holding()).length === 0) await sleep(20);
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    expect(stderr).toContain('Run the same command again to go on');
    const summary = JSON.parse(stdout) as { stopped: boolean; created: number };
    expect(summary.stopped).toBe(true);
    expect(await imported(root)).toMatchObject({ created: 400 - summary.created, unchanged: summary.created });
  });
});

describe('a zip archive', () => {
  async function importZip(entries: readonly ZipEntry[], code = 1): Promise<Summary> {
    const path = join(folder.path, 'a.zip');
    await writeFile(path, zipOf(entries));
    return imported(path, code);
  }

  it('is refused what it could do harm with, by name, and the rest comes in', async () => {
    const zeros = Buffer.alloc(20 * 1024 * 1024);
    const summary = await importZip([
      { name: 'fine.md', content: 'fine' },
      { name: 'folder/', content: '' },
      { name: '../up.md', content: 'x' },
      { name: 'a/../../up.md', content: 'x' },
      { name: '/etc/absolute.md', content: 'x' },
      { name: 'C:/drive.md', content: 'x' },
      { name: '..\\back.md', content: 'x' },
      { name: 'link.md', content: '/etc/passwd', mode: 0o120777 },
      { name: 'secret.md', content: 'x', flags: 0x801 },
      { name: 'bomb.md', content: zeros, deflated: deflateRawSync(zeros, { level: 9 }) },
      { name: 'liar.md', content: zeros, deflated: deflateRawSync(zeros, { level: 9 }), declared: 10 },
      { name: 'damaged.md', content: 'x', crc: 1 },
      { name: 'twice.md', content: '1' },
      { name: 'twice.md', content: '2' },
      { name: 'e\u0301.md', content: 'decomposed' },
      { name: '\u00e9.md', content: 'composed' },
      { name: Buffer.from([0xff, 0x2e, 0x6d, 0x64]), content: 'x' },
      { name: '__MACOSX/._fine.md', content: 'x' },
      { name: '.obsidian/app.json', content: '{}' },
    ]);
    expect(summary).toMatchObject({ created: 3, hidden: 2 });
    expect(Object.keys(await holding()).toSorted()).toEqual(['fine.md', 'twice.md', '\u00e9.md']);
    const codes = Object.groupBy(summary.refused, ({ code }) => code);
    expect(Object.fromEntries(Object.entries(codes).map(([code, list]) => [code, list?.length]))).toEqual({
      PATH_REFUSED: 5,
      SYMBOLIC_LINK: 1,
      ENCRYPTED: 1,
      ZIP_BOMB: 1,
      UNREADABLE: 2,
      DUPLICATE_PATH: 2,
      NAME_NOT_UTF8: 1,
    });
    expect(summary.refused.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['bomb.md', 'liar.md', 'damaged.md']),
    );
  });

  it('of files that are harmless alone and a bomb together is cut', async () => {
    const block = Buffer.alloc(1_000_000);
    const deflated = deflateRawSync(block, { level: 9 });
    const entries = Array.from({ length: 600 }, (_, n) => ({
      name: `${n}.bin`,
      content: block,
      deflated,
      declared: 1_000_000,
    }));
    const path = join(folder.path, 'a.zip');
    await writeFile(path, zipOf(entries));
    const summary = await imported(path, 1, '--dry-run');
    expect(summary.refused.length).toBeGreaterThan(0);
    expect(summary.refused.every(({ code }) => code === 'ZIP_BOMB')).toBe(true);
  });

  it('that is none is told so', async () => {
    const path = join(folder.path, 'a.zip');
    await writeFile(path, 'no zip at all');
    const result = await synap(['import', path]);
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('no zip archive') });
    expect(await synap(['import', join(folder.path, 'nothing')])).toMatchObject({ code: 2 });
  });
});

describe('content that the store has damaged or lost', () => {
  it('is told by name, and everything else is exported and imported', async () => {
    const large = randomBytes(3 * 1024 * 1024);
    const files = {
      'large.bin': large,
      'damaged.md': 'damaged',
      'lost.md': 'lost',
      'fine.md': 'fine',
      'fine.bin': large,
    };
    for (const [name, content] of Object.entries(files)) await write(root, `store/${name}`, content);
    await imported(root);
    const there = await holding();
    const objects = join(library.folder, 'objects');
    const objectOf = async (name: string) => {
      const names = await readdir(objects, { recursive: true });
      const id = there[`store/${name}`]?.id;
      return join(objects, names.find((object) => object.includes(`/${id}/`)) ?? '');
    };
    await rm(await objectOf('lost.md'));
    for (const name of ['large.bin', 'damaged.md']) {
      const object = await open(await objectOf(name), 'r+');
      await object.write('?', 5);
      await object.close();
    }

    const unwritten = ['damaged.md', 'large.bin', 'lost.md'];
    const out = join(folder.path, 'out');
    const zip = join(folder.path, 'out.zip');
    for (const path of [out, zip]) {
      const result = await synap(['export', path, '--json']);
      expect(result).toMatchObject({ code: 1, stderr: '' });
      const problems = jsonLines(result)[0]?.problems as { path: string; code: string }[];
      expect(problems.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toMatchObject(
        unwritten.map((name) => ({ path: `store/${name}`, code: 'NOT_WRITTEN' })),
      );
    }
    expect((await readdir(folder.path)).toSorted()).toEqual(['out', 'out.zip', 'vault']);
    expect((await readdir(join(out, 'store'))).toSorted()).toEqual(['fine.bin', 'fine.md']);
    expect((await readFile(join(out, 'store/fine.bin'))).equals(large)).toBe(true);
    const archive = await openZip(zip);
    const archived = archive.files.filter((file) => file.path.startsWith('store/'));
    expect(archived.map((file) => file.path)).toEqual(['store/fine.bin', 'store/fine.md']);
    expect((await archived[0]?.open().then(buffer))?.equals(large)).toBe(true);
    await archive.close();

    await write(root, 'store/damaged.md', 'damaged #again');
    await write(root, 'store/lost.md', 'lost #again');
    expect(await imported(root)).toMatchObject({ updated: 2, unchanged: 3, refused: [] });
    await mutate('entities.delete', { id: there['store/large.bin']?.id });
  });
});

describe('what was born in Synap', () => {
  it('goes out under a readable, harmless name with front matter, its content unchanged', async () => {
    const capture = (title: string, text: string) => synap(['capture', '--title', title, '--tag', 'x', text]);
    for (const title of [
      '../../escape',
      'CON',
      'same',
      'Same',
      '...',
      `${'\u00e9'.repeat(400)}`,
      'a\u202egpj.exe',
      'nl: "q"',
    ]) {
      expect((await capture(title, 'text')).code).toBe(0);
    }
    const out = join(folder.path, 'out');
    await exported(out);
    const names = await filesBelow(out);
    expect(names).toEqual(expect.arrayContaining(['escape.md', '_CON.md', 'agpj.exe.md', 'nl q.md']));
    const folded = names.map((name) => name.toLowerCase());
    expect(folded).toEqual(expect.arrayContaining(['same.md', 'same (2).md']));
    for (const name of names) expect(Buffer.byteLength(name.split('/').at(-1) ?? '')).toBeLessThanOrEqual(255);
    expect((await readdir(folder.path)).toSorted()).toEqual(['out']);
    const note = await readFile(join(out, 'nl q.md'), 'utf8');
    expect(note).toMatch(
      /^---\ntitle: 'nl: "q"'\ntags:\n {2}- x\ncreated: \S+Z\nupdated: \S+Z\ntype: note\n---\ntext$/,
    );
  });

  it('as a file goes out with its own name and bytes, Markdown as well', async () => {
    const up = join(folder.path, 'up');
    const files = { 'READ-ME.md': '# Read me\n', 'LICENCE OF MINE': 'Do.', [`${'n'.repeat(200)}.txt`]: 'long' };
    for (const [name, content] of Object.entries(files)) {
      await write(up, name, content);
      expect((await synap(['upload', join(up, name)])).code).toBe(0);
    }
    const out = join(folder.path, 'out');
    await exported(out);
    const names = Object.keys(files).map((name) => name.replace(/n{200}/, 'n'.repeat(100)));
    for (const [index, content] of Object.values(files).entries()) {
      expect(await readFile(join(out, names[index] ?? ''), 'utf8')).toBe(content);
    }
    expect(await readdir(out)).not.toContain('READ-ME.md.md');
  });

  it('is exported as it was at an instant', async () => {
    const first = await synap(['capture', '--title', `at ${source}`, '--json', 'then']);
    const { id, updatedAt } = jsonLines(first)[0] as { id: string; updatedAt: string };
    await sleep(5);
    await write(root, 'later.md', 'later');
    await mutate('entities.update', { id, content: 'now' });
    await imported(root);
    const then = join(folder.path, 'then');
    await exported(then, '--at', updatedAt);
    const names = await filesBelow(then);
    expect(names).not.toContain('later.md');
    expect(await readFile(join(then, `at ${source}.md`), 'utf8')).toMatch(/\nthen$/);
  });

  it('writes over nothing unless it is told to, and through no link', async () => {
    await write(root, 'linked/a.md', 'a');
    await imported(root);
    const out = join(folder.path, 'out');
    await write(out, 'mine.md', 'mine');
    expect(await synap(['export', out])).toMatchObject({ code: 2, stderr: expect.stringContaining('not empty') });
    const elsewhere = join(folder.path, 'elsewhere');
    await write(elsewhere, 'x', 'x');
    const { symlink } = await import('node:fs/promises');
    await symlink(elsewhere, join(out, 'linked'));
    const forced = await synap(['export', out, '--force', '--json']);
    expect(forced.code).toBe(1);
    expect(jsonLines(forced)[0]?.problems).toMatchObject([{ path: 'linked/a.md', code: 'NOT_WRITTEN' }]);
    expect(await readdir(elsewhere)).toEqual(['x']);
    expect(await readFile(join(out, 'mine.md'), 'utf8')).toBe('mine');
    expect((await readdir(out)).filter((name) => name.startsWith('.synap'))).toEqual([]);
    expect((await lstat(join(out, 'linked'))).isSymbolicLink()).toBe(true);
    await writeFile(join(folder.path, 'x.zip'), 'mine');
    expect(await synap(['export', join(folder.path, 'x.zip')])).toMatchObject({ code: 2 });
  });
});
