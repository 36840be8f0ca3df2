import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BuildOutcome, buildWeb } from './build-web.ts';

let root: string;
let builds: number;
let lines: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synap-build-'));
  builds = 0;
  lines = [];
  write('pnpm-lock.yaml', 'lockfile');
  write('tsconfig.base.json', '{}');
  write('apps/web/package.json', JSON.stringify({ dependencies: { '@synap/types': 'workspace:*', react: '19' } }));
  write('apps/web/index.html', '<title>Synap</title>');
  write('apps/web/src/main.ts', 'one');
  write('packages/types/package.json', JSON.stringify({ name: '@synap/types' }));
  write('packages/types/src/limits.ts', 'limit');
  write('packages/core/package.json', JSON.stringify({ name: '@initiativ/core' }));
  write('packages/core/src/index.ts', 'core');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Stands in for Vite: a build is the source and how many there were before it. */
function copy(app: string, out: string): void {
  builds++;
  mkdirSync(out);
  writeFileSync(join(out, 'index.html'), `${readFileSync(join(app, 'src/main.ts'), 'utf8')} ${builds}`);
}

function run(build: (app: string, out: string) => void = copy): BuildOutcome {
  return buildWeb({ root, build, tell: (line) => lines.push(line) });
}

const served = () => readFileSync(join(root, 'apps/web/dist/index.html'), 'utf8');
const leftovers = () => readdirSync(join(root, 'apps/web')).filter((name) => name.startsWith('.build-'));

describe('the web app is built', () => {
  it('where there is none, and then not again', () => {
    expect(run()).toBe('built');
    expect(served()).toBe('one 1');
    expect(run()).toBe('fresh');
    expect(lines).toEqual(['Building the web app…']);
    expect(leftovers()).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['a source', () => write('apps/web/src/main.ts', 'two')],
    [
      'a source and back in time',
      () => {
        write('apps/web/src/main.ts', 'two');
        utimesSync(join(root, 'apps/web/src/main.ts'), 0, 0);
      },
    ],
    ['a new file', () => write('apps/web/src/more.ts', '')],
    ['a name', () => renameSync(join(root, 'apps/web/src/main.ts'), join(root, 'apps/web/src/main.tsx'))],
    ['a file that is gone', () => rmSync(join(root, 'apps/web/src/main.ts'))],
    ['the page itself', () => write('apps/web/index.html', '<title>Other</title>')],
    ['its package.json', () => write('apps/web/package.json', '{}')],
    ['the versions of what it uses', () => write('pnpm-lock.yaml', 'other')],
    ['a package it runs on', () => write('packages/types/src/limits.ts', 'other')],
    ['how it is compiled', () => write('tsconfig.base.json', '{"a": 1}')],
  ])('again after a change of %s', (_name, change) => {
    run();
    change();
    const build = (_app: string, out: string) => mkdirSync(out);
    expect(run(build)).toBe('built');
    expect(run(build)).toBe('fresh');
  });

  it.each<[string, () => void]>([
    ['new times, as after a checkout', () => utimesSync(join(root, 'apps/web/src/main.ts'), Date.now(), Date.now())],
    ['tests', () => write('apps/web/test/main.test.ts', '')],
    ['what was installed', () => write('apps/web/node_modules/react/index.js', '')],
    ['the build itself', () => write('apps/web/dist/other.js', '')],
    ['a package it has nothing of', () => write('packages/core/src/index.ts', 'other')],
    ['what another build is at', () => write(`apps/web/.build-${process.ppid}/index.html`, '')],
  ])('not again for %s', (_name, change) => {
    run();
    change();
    expect(run()).toBe('fresh');
  });

  it('even if a file has moved into another without a byte being different', () => {
    write('apps/web/src/a.ts', 'x');
    write('apps/web/src/b.ts', 'y');
    run();
    write('apps/web/src/a.ts', 'xy');
    write('apps/web/src/b.ts', '');
    expect(run()).toBe('built');
  });
});

describe('a build that fails', () => {
  const fail = (_app: string, out: string): void => {
    mkdirSync(out);
    writeFileSync(join(out, 'index.html'), 'half');
    throw new Error('main.ts is no good');
  };

  it('leaves the one before in its place, and is tried again', () => {
    run();
    write('apps/web/src/main.ts', 'two');
    expect(run(fail)).toBe('failed');
    expect(lines.at(-1)).toBe(
      'The web app could not be built: main.ts is no good. The one built before is used instead.',
    );
    expect(served()).toBe('one 1');
    expect(leftovers()).toEqual([]);
    expect(run()).toBe('built');
    expect(served()).toBe('two 2');
  });

  it('leaves nothing where there was nothing', () => {
    expect(run(fail)).toBe('failed');
    expect(lines.at(-1)).toMatch(/There is no older one\.$/);
    expect(existsSync(join(root, 'apps/web/dist'))).toBe(false);
  });

  it('leaves nothing for good if it was killed', () => {
    // No process has this id: it is larger than any can be.
    write('apps/web/.build-4194999/index.html', 'half');
    write('apps/web/.build-4194999-old/index.html', 'old');
    run();
    expect(leftovers()).toEqual([]);
  });
});

it('may be built by several starts at once', async () => {
  run();
  write('apps/web/src/main.ts', 'two');
  const code = `
    const { buildWeb } = await import(${JSON.stringify(new URL('./build-web.ts', import.meta.url).href)});
    const { mkdirSync, writeFileSync } = await import('node:fs');
    const build = (app, out) => { mkdirSync(out); writeFileSync(out + '/index.html', 'two ' + process.pid); };
    const outcome = buildWeb({ root: process.argv[1], build, tell: (line) => process.stderr.write(line) });
    if (outcome === 'failed') process.exitCode = 1;`;
  const codes = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', code, root], { stdio: 'ignore' });
      const [exit] = (await once(child, 'close')) as [number | null];
      return exit;
    }),
  );
  expect(codes).toEqual(Array.from({ length: 8 }, () => 0));
  expect(served()).toMatch(/^two \d+$/);
  expect(leftovers()).toEqual([]);
  expect(run()).toBe('fresh');
});
