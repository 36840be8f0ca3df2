import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestDatabase, testDatabase } from '@synap/database/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } };

let library: TestDatabase;

beforeEach(async () => {
  library = await testDatabase();
  await library.database.close();
});
afterEach(() => library.close());

/** As pnpm runs the script: in a shell, in the package's own folder, with what was typed put after it. */
function pnpmStart(typed: string): ChildProcess {
  return spawn('sh', ['-c', `${scripts.start} ${typed}`], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
      HOME: process.env.HOME,
      npm_lifecycle_event: 'start',
      INIT_CWD: library.folder,
      ...(library.url !== undefined && { DATABASE_URL: library.url }),
    },
  });
}

it.each(['--port 0', '-- --port 0'])('pnpm start %s serves the built page until it is asked to stop', async (port) => {
  const start = pnpmStart(`${port} --json --data ${library.folder}`);
  const lines: Record<string, unknown>[] = [];
  let errors = '';
  start.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = once(start, 'close');
  for await (const line of createInterface({ input: start.stdout as NodeJS.ReadableStream })) {
    // Nothing but JSON lines on stdout, whether or not something was built before.
    const event = JSON.parse(line) as Record<string, unknown>;
    lines.push(event);
    if (event.event !== 'ready') continue;
    const response = await fetch(`${String(event.url)}/notes/any`);
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(await response.text()).toMatch(/<script type="module"[^>]* src="\/assets\/[^"]+\.js">/);
    process.kill(Number(event.pid), 'SIGTERM');
  }
  expect((await ended)[0], errors).toBe(0);
  expect(lines.map(({ event }) => event)).toEqual(['owner-created', 'ready']);
});

it('pnpm start ends as the server does', async () => {
  const [code] = (await once(pnpmStart('--port none'), 'close')) as [number];
  expect(code).toBe(2);
});
