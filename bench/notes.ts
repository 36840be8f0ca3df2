import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { Client } from '../tests/support/client.ts';
import { OWNER_KEY, TestServer } from '../tests/support/server.ts';
import { percentile, report } from './report.ts';

export interface NotesOptions {
  readonly connections: number;
  readonly seconds: number;
  /** PostgreSQL instead of the embedded database. */
  readonly databaseUrl?: string | undefined;
}

/**
 * Clients in a closed loop on `notes.create`, against a server of its own, on the same machine. Fails if any request
 * does, or if one acknowledged note is missing afterwards.
 */
export async function benchNotes(options: NotesOptions): Promise<void> {
  const { connections, seconds, databaseUrl } = options;
  const data = await mkdtemp(join(tmpdir(), 'synap-bench-'));
  const server = await TestServer.start({ data, databaseUrl });
  try {
    const latencies: number[] = [];
    const failures = new Map<string, number>();
    let sequence = 0;
    const result = await new Promise<autocannon.Result>((resolve, reject) => {
      const options: autocannon.Options = {
        url: `${server.url}/trpc/notes.create`,
        method: 'POST',
        connections,
        duration: seconds,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${OWNER_KEY}` },
        requests: [
          {
            setupRequest: (request) => ({
              ...request,
              body: JSON.stringify({ content: `# Load test\n\nNote ${sequence++}, ${'with some words, '.repeat(20)}` }),
            }),
          },
        ],
      };
      const run = autocannon(options, (error, done) => (error ? reject(new Error(String(error))) : resolve(done)));
      run.on('response', (_client, status, _bytes, ms) => {
        latencies.push(ms);
        if (status !== 200) failures.set(String(status), (failures.get(String(status)) ?? 0) + 1);
      });
    });
    const sorted = latencies.toSorted((a, b) => a - b);
    const created = latencies.length - [...failures.values()].reduce((sum, count) => sum + count, 0);
    const stored = await countNotes(new Client(server.url));
    const where = databaseUrl ? 'PostgreSQL' : 'embedded';
    await report(
      databaseUrl ? 'notes-postgres' : 'notes',
      `${connections} clients in a closed loop on notes.create for ${seconds} s, ${where}, client on the same machine: ` +
        `${created} acknowledged, ${stored} stored, ${result.errors + result.timeouts} failed, ` +
        `other answers: ${JSON.stringify(Object.fromEntries(failures))}.`,
      [
        {
          case: `notes.create, ${connections} clients`,
          rate: created / result.duration,
          p50: percentile(sorted, 0.5),
          p95: percentile(sorted, 0.95),
        },
      ],
    );
    // The last answers may be cut off by the end of the test, so more may be stored than were counted.
    if (failures.size > 0 || result.errors > 0 || result.timeouts > 0 || stored < created) process.exitCode = 1;
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function countNotes(client: Client): Promise<number> {
  let count = 0;
  let cursor: string | null | undefined;
  do {
    const page: { items: unknown[]; nextCursor: string | null } = await client.query('entities.list', {
      limit: 100,
      ...(cursor ? { cursor } : {}),
    });
    count += page.items.length;
    cursor = page.nextCursor;
  } while (cursor);
  return count;
}
