import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '../support/client.ts';
import { OWNER_KEY, synap, TestServer } from '../support/server.ts';

const BIN = fileURLToPath(new URL('../../apps/synap/src/bin.ts', import.meta.url));
const SOURCE = 'soak';

export interface ImportSoakOptions {
  /** What is imported; a vault made for this if absent. */
  readonly folder?: string | undefined;
  readonly kills: number;
  readonly log: (line: string) => void;
}

/**
 * Kills an import with SIGKILL again and again, every other time the server instead of the importer, runs it once to its
 * end, and compares the library with the one of an import that nobody disturbed.
 * @returns how many entities were compared
 */
export async function soakImport(options: ImportSoakOptions): Promise<number> {
  const root = await mkdtemp(join(tmpdir(), 'synap-soak-'));
  try {
    const folder = options.folder ?? (await makeVault(join(root, 'vault')));
    const clean = { data: join(root, 'clean') };
    const disturbed = { data: join(root, 'disturbed') };
    const expected = await library(clean, folder);
    for (let kill = 1; kill <= options.kills; kill++) {
      const server = await TestServer.start(disturbed);
      const importer = spawn(process.execPath, [BIN, 'import', folder, '--source', SOURCE], {
        env: { ...process.env, ...access(server) },
        stdio: 'ignore',
      });
      const ended = once(importer, 'close');
      // Each a part further than the one before; the last while it links, or a moment before.
      const there = await untilThere(new Client(server.url), Math.ceil((expected.size * kill) / options.kills), ended);
      if (kill % 2 === 0) await server.kill();
      importer.kill('SIGKILL');
      await ended;
      if (kill % 2 === 1) await server.stop();
      options.log(
        `kill ${kill} of ${options.kills} (${kill % 2 ? 'importer' : 'server'}): ${there} entities were there`,
      );
    }
    const actual = await library(disturbed, folder);
    for (const [path, text] of expected) {
      if (actual.get(path) !== text) throw new Error(`${path} is\n${actual.get(path)}\nand should be\n${text}`);
    }
    if (actual.size !== expected.size) throw new Error(`${actual.size} entities instead of ${expected.size}.`);
    const verified = await synap(['verify', '--json', '--data', disturbed.data]);
    if (verified.code !== 0) throw new Error(`synap verify found:\n${verified.stdout}\n${verified.stderr}`);
    return actual.size;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Waits until an import has come that far, or has ended. Gives how many entities there are. */
async function untilThere(client: Client, enough: number, ended: Promise<unknown>): Promise<number> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (;;) {
    let there = 0;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const input = { source: SOURCE, limit: 1_000, ...(cursor && { cursor }) };
      const page: { items: Listed[]; nextCursor: string | null } = await client.query('imports.known', input);
      there += page.items.length;
      cursor = page.nextCursor;
    }
    if (there >= enough || over) return there;
    await sleep(20);
  }
}

function access(server: TestServer) {
  return { SYNAP_URL: server.url, SYNAP_API_KEY: OWNER_KEY };
}

/** Imports to the end, and describes what is there then. */
async function library(options: { data: string }, folder: string): Promise<Map<string, string>> {
  const server = await TestServer.start(options);
  try {
    const { code, stderr } = await synap(['import', folder, '--source', SOURCE], { env: access(server) });
    if (code !== 0) throw new Error(`synap import ended with ${code}: ${stderr}`);
    return await describeLibrary(new Client(server.url));
  } finally {
    await server.stop();
  }
}

interface Listed {
  readonly id: string;
  readonly path: string;
  readonly sourceId: string;
  readonly targetId: string;
}

/** All that an import decides about each entity, by path, without what is chance. */
async function describeLibrary(client: Client): Promise<Map<string, string>> {
  const entities = await all(client, 'entities.list');
  const paths = new Map(entities.map(({ id, path }) => [id, path]));
  const targets = new Map<string, string[]>();
  for (const { sourceId, targetId } of await all(client, 'relations.list')) {
    targets.set(sourceId, [...(targets.get(sourceId) ?? []), paths.get(targetId) ?? '?']);
  }
  const described = new Map<string, string>();
  for (const { id, path, ...entity } of entities) {
    if (described.has(path)) throw new Error(`${path} is there twice.`);
    described.set(path, JSON.stringify({ ...entity, mentions: targets.get(id)?.toSorted() ?? [] }));
  }
  return described;
}

async function all(client: Client, procedure: string): Promise<Listed[]> {
  const items: Listed[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const input = { limit: 100, ...(cursor && { cursor }) };
    const page: { items: Listed[]; nextCursor: string | null } = await client.query(procedure, input);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

const NOTES = 400;

/** Notes with front matter, tags and links, and files beside them. */
async function makeVault(folder: string): Promise<string> {
  for (let n = 0; n < NOTES; n++) {
    const place = join(folder, `part ${n % 7}`);
    await mkdir(place, { recursive: true });
    const links = [1, 3, 11].map((step) => `[[note ${(n * 17 + step) % NOTES}]]`).join(' ');
    await writeFile(
      join(place, `note ${n}.md`),
      `---\ntags: [t${n % 9}]\n---\n# Note ${n}\n\n${links} ![[file ${n % 50}.bin]]\n`,
    );
    if (n < 50) await writeFile(join(place, `file ${n}.bin`), Buffer.alloc(n * 100, n));
  }
  return folder;
}
