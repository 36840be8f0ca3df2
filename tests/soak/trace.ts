import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as PostgresClient } from 'pg';
import { Client } from '../support/client.ts';
import { TestServer } from '../support/server.ts';

export interface TraceOptions {
  /** A PostgreSQL server on this machine, whose processes can be traced; embedded if absent. */
  readonly databaseUrl?: string | undefined;
  readonly notes: number;
}

const CALLS = 'fsync,fdatasync,link,linkat,rename,renameat,renameat2,mkdir,write,writev,sendto,sendmsg,pwrite64';

/**
 * Watches the system calls of the server (and of PostgreSQL) while notes are created one after the other, and checks for
 * each that its object, the folders above it and the database's log were synced before the answer left.
 * @throws {Error} naming the fsync that was missing
 */
export async function soakTrace(options: TraceOptions): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'synap-trace-'));
  const file = join(data, 'trace.txt');
  const server = await TestServer.start({ data, databaseUrl: options.databaseUrl });
  try {
    const client = new Client(server.url);
    // Folders and connections that the first note makes are not what this is about.
    await client.mutate('notes.create', { content: 'the first note' });
    const pids = [server.pid, ...(options.databaseUrl ? await postgresProcesses(options.databaseUrl) : [])];
    const strace = await attach(pids, file);
    for (let note = 0; note < options.notes; note++) await client.mutate('notes.create', { content: `note ${note}` });
    await detach(strace);
    check(await readFile(file, 'utf8'), options);
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function attach(pids: readonly number[], file: string): Promise<ChildProcess> {
  const targets = pids.flatMap((pid) => ['-p', String(pid)]);
  const strace = spawn('strace', ['-f', '-yy', '-s', '48', '-e', `trace=${CALLS}`, '-o', file, ...targets], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let waiting = pids.length;
  let said = '';
  for await (const chunk of strace.stderr as NodeJS.ReadableStream) {
    said += String(chunk);
    waiting = pids.length - (said.match(/attached/g)?.length ?? 0);
    if (/not permitted|No such process/.test(said)) throw new Error(`strace cannot attach: ${said}`);
    if (waiting <= 0) break;
  }
  if (waiting > 0) throw new Error(`strace ended: ${said}`);
  return strace;
}

async function detach(strace: ChildProcess): Promise<void> {
  const gone = once(strace, 'exit');
  strace.kill('SIGINT');
  await gone;
}

/** PostgreSQL's own processes on this machine: the postmaster and all its children. */
async function postgresProcesses(url: string): Promise<number[]> {
  const client = new PostgresClient({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const status = await readFile(`/proc/${rows[0]?.pid}/status`, 'utf8');
  await client.end();
  const postmaster = Number(/PPid:\s+(\d+)/.exec(status)?.[1]);
  const children: number[] = [postmaster];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => ''); // it ended meanwhile
    if (Number(/PPid:\s+(\d+)/.exec(parent)?.[1]) === postmaster) children.push(Number(entry));
  }
  return children;
}

/** One thing that happened, in the order in which it was over. */
interface Call {
  readonly name: string;
  readonly args: string;
}

/** strace's lines as calls; one that another thread interrupted counts from where it is resumed, so when it was done. */
export function callsOf(trace: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const started = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/.exec(line);
    if (started) {
      unfinished.set(`${started[1]} ${started[2]}`, started[3] ?? '');
      // What is sent is sent at the latest when the call returns, but may be on its way as soon as it begins.
      if (/^(write|writev|sendto|sendmsg)$/.test(started[2] ?? ''))
        calls.push({ name: started[2] ?? '', args: started[3] ?? '' });
      continue;
    }
    const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/.exec(line);
    if (resumed) {
      if (/^(write|writev|sendto|sendmsg)$/.test(resumed[2] ?? '')) continue;
      calls.push({ name: resumed[2] ?? '', args: (unfinished.get(`${resumed[1]} ${resumed[2]}`) ?? '') + resumed[3] });
      continue;
    }
    const whole = /^(\d+) +(\w+)\((.*)$/.exec(line);
    if (whole) calls.push({ name: whole[2] ?? '', args: whole[3] ?? '' });
  }
  return calls;
}

const SYNC = /^(fsync|fdatasync)$/;

/** @throws {Error} if an answer left before one of the syncs that it depends on */
export function check(trace: string, options: TraceOptions): void {
  let window: Call[] = [];
  let answers = 0;
  for (const call of callsOf(trace)) {
    if (!/HTTP\/1\.1 200/.test(call.args)) {
      window.push(call);
      continue;
    }
    answers++;
    const synced = window.filter((seen) => SYNC.test(seen.name) && / = 0\b/.test(seen.args)).map((seen) => seen.args);
    const need = (what: string, pattern: RegExp) => {
      if (!synced.some((args) => pattern.test(args))) {
        throw new Error(`Answer ${answers} left before ${what} was synced. Synced were:\n${synced.join('\n')}`);
      }
    };
    need('the object', /objects\/\.tmp\/[^/>]+>/);
    need('the folder of the object', /objects\/users\/[^/]+\/notes\/[^/>]+>/);
    need('the folder of the entities', /objects\/users\/[^/]+\/notes>/);
    need('the database’s log', options.databaseUrl ? /\/pg_wal\/[0-9A-F]{24}>/ : /database\/pg_wal\/[0-9A-F]{24}>/);
    window = [];
  }
  if (answers !== options.notes) throw new Error(`${answers} answers were seen of ${options.notes}.`);
}
