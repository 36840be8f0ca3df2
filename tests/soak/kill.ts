import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type CreatedNote, inParallel } from '../support/client.ts';
import { synap, TestServer } from '../support/server.ts';

export interface KillOptions {
  /** How often the server is killed. */
  readonly kills: number;
  readonly databaseUrl?: string | undefined;
  readonly log: (line: string) => void;
}

const WRITERS = 16;
/** The server is killed at a random moment of this span, in milliseconds after the writers began. */
const LIVES_MS = { min: 300, max: 3_000 };

/**
 * Kills the server with SIGKILL again and again while 16 writers create and update notes, and checks after each new start
 * that everything acknowledged is there, byte for byte, and at the end that `synap verify` finds nothing.
 * @returns how many acknowledged writes were checked
 */
export async function soakKill(options: KillOptions): Promise<number> {
  const data = await mkdtemp(join(tmpdir(), 'synap-soak-'));
  /** The SHA-256 of what was acknowledged last, by entity; and what may be there as well, its answer having been lost. */
  const acknowledged = new Map<string, { version: number; sha256: string }>();
  const uncertain = new Map<string, Set<string>>();
  let writes = 0;
  try {
    for (let round = 1; round <= options.kills; round++) {
      const server = await TestServer.start({ data, databaseUrl: options.databaseUrl });
      const client = new Client(server.url);
      const touched = new Set<string>();
      const before = writes;
      const killed = sleepRandom().then(() => server.kill());
      await Promise.all(Array.from({ length: WRITERS }, () => write(client, touched)));
      await killed;
      const again = await TestServer.start({ data, databaseUrl: options.databaseUrl });
      await check(new Client(again.url), [...touched]);
      options.log(`kill ${round} of ${options.kills}: ${writes - before} writes acknowledged, all there`);
      if (round % 2 === 0) await again.stop();
      else await again.kill();
    }
    const last = await TestServer.start({ data, databaseUrl: options.databaseUrl });
    await check(new Client(last.url), [...acknowledged.keys()]);
    await last.stop();
    const env: Record<string, string> = options.databaseUrl ? { DATABASE_URL: options.databaseUrl } : {};
    const verified = await synap(['verify', '--json', '--data', data], { env });
    if (verified.code !== 0) throw new Error(`synap verify found:\n${verified.stdout}\n${verified.stderr}`);
    return writes;
  } finally {
    await rm(data, { recursive: true, force: true });
  }

  /** One writer: creates notes and now and then updates its last one, until the server is gone. */
  async function write(client: Client, touched: Set<string>): Promise<void> {
    let mine: string | undefined;
    for (;;) {
      const content = `# Note\n\n${randomBytes(8).toString('hex')}\n${'text '.repeat(randomBytes(1)[0] ?? 0)}`;
      const sha256 = digest(Buffer.from(content));
      const id: string | undefined = mine !== undefined && (randomBytes(1)[0] ?? 0) < 64 ? mine : undefined;
      try {
        if (id === undefined) {
          const note = await client.mutate<CreatedNote>('notes.create', { content });
          mine = note.entityId;
          acknowledged.set(mine, { version: 1, sha256 });
        } else {
          if (!uncertain.has(id)) uncertain.set(id, new Set());
          uncertain.get(id)?.add(sha256);
          const updated = await client.mutate<{ version: number }>('entities.update', { id, content });
          acknowledged.set(id, { version: updated.version, sha256 });
          uncertain.delete(id);
        }
        touched.add(mine as string);
        writes++;
      } catch (error) {
        if (error instanceof TypeError) return; // fetch failed: the server is gone
        throw error;
      }
    }
  }

  async function check(client: Client, ids: readonly string[]): Promise<void> {
    await inParallel(ids, WRITERS, async (id) => {
      const known = acknowledged.get(id);
      if (!known) return;
      const exact = await client.content(id, `?version=${known.version}`);
      if (digest(exact) !== known.sha256) throw new Error(`Entity ${id} version ${known.version} has other content.`);
      const now = digest(await client.content(id));
      if (now !== known.sha256 && !uncertain.get(id)?.has(now))
        throw new Error(`Entity ${id} has content nobody wrote.`);
    });
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function sleepRandom(): Promise<void> {
  const ms = LIVES_MS.min + Math.random() * (LIVES_MS.max - LIVES_MS.min);
  return new Promise((resolve) => setTimeout(resolve, ms));
}
