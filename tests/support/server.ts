import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../apps/synap/src/bin.ts', import.meta.url));

/** The flags that `pnpm synap` gives to Node. */
const NODE_FLAGS = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { scripts: { synap: string } }
).scripts.synap
  .split(' ')
  .filter((word) => word.startsWith('--'));

/** Long enough for any test, and of no worth outside one. */
export const OWNER_KEY = 'owner-key-of-a-test-that-nobody-else-uses';

export interface ServerOptions {
  readonly data: string;
  /** A PostgreSQL server; embedded if absent. */
  readonly databaseUrl?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Put before the server's own command line: `strace …`, say. */
  readonly wrapper?: readonly string[];
}

/** A Synap in a process of its own, as a user would have it. */
export class TestServer {
  readonly url: string;
  /** The server's own process, which with a wrapper is not the one that was spawned. */
  readonly pid: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, url: string, pid: number) {
    this.#process = process;
    this.url = url;
    this.pid = pid;
  }

  /** Resolves when the server says that it is ready. */
  static async start(options: ServerOptions): Promise<TestServer> {
    const args = [...NODE_FLAGS, BIN, 'start', '--json', '--port', '0', '--data', options.data];
    const [command = process.execPath, ...rest] = [...(options.wrapper ?? []), process.execPath, ...args];
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...withoutSynap(process.env),
        ...(options.databaseUrl ? { DATABASE_URL: options.databaseUrl } : {}),
        SYNAP_OWNER_KEY: OWNER_KEY,
        LOG_LEVEL: 'error',
        ...options.env,
      },
    });
    let errors = '';
    child.stderr?.on('data', (chunk) => {
      errors = (errors + chunk).slice(-8_000);
    });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    for await (const line of lines) {
      const event: unknown = JSON.parse(line);
      if (isReady(event)) return new TestServer(child, event.url, event.pid);
    }
    throw new Error(`The server ended before it was ready:\n${errors}`);
  }

  /** A fresh link that signs the owner in, once. */
  async signInUrl(): Promise<string> {
    const headers = { authorization: `Bearer ${OWNER_KEY}` };
    const response = await fetch(`${this.url}/api/v1/admin/sign-in-link`, { method: 'POST', headers });
    if (!response.ok) throw new Error(`No link to sign in with: HTTP ${response.status}`);
    return ((await response.json()) as { url: string }).url;
  }

  /** As a crash would. Resolves when the process is gone. */
  async kill(): Promise<void> {
    const gone = this.#gone();
    process.kill(this.pid, 'SIGKILL');
    await gone;
  }

  /** Asks it to stop, and gives its exit code. */
  async stop(): Promise<number | null> {
    const gone = this.#gone();
    process.kill(this.pid, 'SIGTERM');
    await gone;
    return this.#process.exitCode;
  }

  /** Bytes that the process holds in memory. */
  async rss(): Promise<number> {
    const { readFile } = await import('node:fs/promises');
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }

  async #gone(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    await once(this.#process, 'exit');
  }
}

/** The environment without what would configure the server behind the test's back. */
function withoutSynap(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = /^(SYNAP_|R2_|S3_|DATABASE_URL$|TIMESCALE_URL$|PORT$|HOST$|BETTER_AUTH_)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)));
}

function isReady(event: unknown): event is { event: 'ready'; url: string; pid: number } {
  return typeof event === 'object' && event !== null && 'event' in event && event.event === 'ready';
}

/** Runs a command of the CLI to its end. */
export async function synap(
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; input?: string | Uint8Array } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...withoutSynap(process.env), ...options.env },
  });
  child.stdin.end(options.input ?? '');
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output.stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}
