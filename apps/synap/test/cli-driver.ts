import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../src/bin.ts', import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
}

/** A clean environment: what the machine that runs the tests has set is not what is tested. */
function environmentOf(options: RunOptions): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: tmpdir(), ...options.env };
}

function launch(args: readonly string[], options: RunOptions): ChildProcess {
  return spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: environmentOf(options),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs one command of the CLI to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const child = launch(args, options);
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(stdout), stderr };
}

/** The lines of a JSON output; throws if there is anything else on it. */
export function jsonLines(result: { stdout: Buffer }): Record<string, unknown>[] {
  const lines = result.stdout.toString().split('\n');
  if (lines.pop() !== '') throw new Error('The output does not end with a line break.');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A server in a process of its own. */
export interface Server {
  readonly url: string;
  readonly pid: number;
  /** All JSON lines that it has written to stdout. */
  readonly lines: readonly Record<string, unknown>[];
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code when the process has ended, or null after a signal that it did not survive. */
  readonly ended: Promise<number | null>;
}

/** Starts a server with `--json` on a free port and waits until it says that it is ready. */
export async function startServer(folder: string, options: RunOptions = {}): Promise<Server> {
  const child = launch(['start', '--json', '--port', '0', '--data', folder], options);
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const ready = new Promise<Record<string, unknown>>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const line = JSON.parse(part) as Record<string, unknown>;
        lines.push(line);
        if (line.event === 'ready') resolve(line);
      }
    });
    void ended.then((code) => reject(new Error(`The server ended with ${code}: ${stderr}`)));
  });
  const { url } = await ready;
  return {
    url: String(url),
    pid: child.pid ?? 0,
    lines,
    stderr: () => stderr,
    kill: (signal) => child.kill(signal),
    ended,
  };
}

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'synap-cli-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
