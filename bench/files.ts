import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '../tests/support/client.ts';
import { OWNER_KEY, TestServer } from '../tests/support/server.ts';
import { type Row, report } from './report.ts';

const MIB = 1024 * 1024;
const SAMPLE_MS = 25;
/** What a file of any size may add to the server's memory. */
const ALLOWED_MIB = 50;
const AUTHORIZATION = { authorization: `Bearer ${OWNER_KEY}` };

/**
 * One large file up and down again over HTTP, each time beside the same bytes written and synced, or read, by hand; and
 * what it adds to the server's memory. Fails if that is more than 50 MiB, or if the file does not come back as it was.
 */
export async function benchFiles(mebibytes: number, rounds = 3): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'synap-bench-'));
  const server = await TestServer.start({ data });
  try {
    // A small one first, so that everything is loaded that will be.
    const run = new Run(server, data);
    await run.round(1);
    const idle = await server.rss();
    const watch = watchMemory(server);
    const rows: Row[] = [];
    for (let round = 0; round < rounds; round++) rows.push(...(await run.round(mebibytes)));
    const peak = await watch.stop();
    const added = Math.round((peak - idle) / MIB);
    await report(
      'files',
      `A file of ${mebibytes} MiB up and down over HTTP, in MiB a second, embedded, client on the same machine; the ` +
        `floor writes and syncs, or reads, the same bytes by hand. The server's memory: ${Math.round(idle / MIB)} MiB ` +
        `idle, ${added} MiB more at most (allowed: ${ALLOWED_MIB}).`,
      rows,
    );
    if (added > ALLOWED_MIB) process.exitCode = 1;
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}

class Run {
  readonly #server: TestServer;
  readonly #client: Client;
  readonly #file: string;

  constructor(server: TestServer, data: string) {
    this.#server = server;
    this.#client = new Client(server.url);
    this.#file = join(data, 'by-hand.bin');
  }

  async round(mebibytes: number): Promise<Row[]> {
    const piece = randomBytes(MIB);
    const size = mebibytes * MIB;
    const hash = createHash('sha256');
    for (let count = 0; count < mebibytes; count++) hash.update(piece);
    const sha256 = hash.digest('hex');

    const written = await timed(() => this.#writeByHand(piece, mebibytes));
    const { uploadId, url } = await this.#client.mutate<{ uploadId: string; url: string }>('files.createUpload', {
      ...{ name: 'large.bin', contentType: 'application/octet-stream', size, sha256 },
    });
    const up = await timed(() => this.#send(url, piece, mebibytes));
    const { id } = await this.#client.mutate<{ id: string }>('files.complete', { uploadId });

    const read = await timed(() => sum(createReadStream(this.#file)));
    let came = '';
    const down = await timed(async () => {
      const response = await fetch(`${this.#server.url}/api/v1/entities/${id}/content`, { headers: AUTHORIZATION });
      came = await sum(response.body ?? []);
    });
    if (came !== sha256) throw new Error('The file did not come back as it was.');
    const row = (name: string, ms: number, floorMs: number): Row => ({
      ...{ case: name, rate: mebibytes / (ms / 1000), p50: ms, p95: ms, floor: mebibytes / (floorMs / 1000) },
    });
    return [row('upload', up, written), row('download', down, read)];
  }

  async #writeByHand(piece: Uint8Array, count: number): Promise<void> {
    const file = await open(this.#file, 'w');
    for (let written = 0; written < count; written++) await file.write(piece);
    await file.datasync();
    await file.close();
  }

  async #send(url: string, piece: Uint8Array, count: number): Promise<void> {
    async function* pieces() {
      for (let sent = 0; sent < count; sent++) yield piece;
    }
    const body = ReadableStream.from(pieces());
    const init = { method: 'PUT', body, headers: AUTHORIZATION, duplex: 'half' as const };
    const response = await fetch(this.#server.url + url, init);
    if (response.status !== 204) throw new Error(`The upload was answered ${response.status}.`);
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

async function sum(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

function watchMemory(server: TestServer): { stop: () => Promise<number> } {
  let peak = 0;
  let looking = Promise.resolve();
  const look = () => {
    looking = looking.then(async () => {
      peak = Math.max(peak, await server.rss());
    });
  };
  const timer = setInterval(look, SAMPLE_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      look();
      await looking;
      return peak;
    },
  };
}
