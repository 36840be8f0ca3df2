import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

/** In a build: the hash of what it was built from. Times say nothing: a checkout gives all files new ones. */
const STAMP = '.built-from';
const BUILDING = /^\.build-(\d+)(-old)?$/;

/** Below the app; what is in them is no source. */
const NO_SOURCE = /^(dist|node_modules|test|\.build-\d+(-old)?)(\/|$)/;

export interface BuildOptions {
  /** The root of the repository. */
  readonly root: string;
  /** Builds the app into a folder, and throws if it cannot. */
  readonly build?: (app: string, out: string) => void;
  /** Takes a line for the person who waits. */
  readonly tell?: (line: string) => void;
}

export type BuildOutcome = 'fresh' | 'built' | 'failed';

/**
 * Builds apps/web into its dist where that is missing or was built from something else. The new build takes the place of
 * the old one as a whole, also if several do this at once; if it fails, the old one stays.
 */
export function buildWeb({ root, build = viteBuild, tell = () => undefined }: BuildOptions): BuildOutcome {
  const app = join(root, 'apps/web');
  const dist = join(app, 'dist');
  removeAbandoned(app);
  const wanted = sourceHash(root);
  if (stampOf(dist) === wanted) return 'fresh';

  tell('Building the web app…');
  const out = join(app, `.build-${process.pid}`);
  try {
    build(app, out);
    writeFileSync(join(out, STAMP), wanted);
    replace(dist, out, wanted);
    return 'built';
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const rest = stampOf(dist) === undefined ? 'There is no older one.' : 'The one built before is used instead.';
    tell(`The web app could not be built: ${reason}. ${rest}`);
    return 'failed';
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** The hash of everything that a build is made of. */
export function sourceHash(root: string): string {
  const hash = createHash('sha256');
  const files = ['pnpm-lock.yaml', 'tsconfig.base.json', ...sourcesOf(root, 'apps/web')];
  for (const file of [...new Set(files)].toSorted()) {
    const bytes = readFileSync(join(root, file));
    // With lengths, so that no two sets of files read the same.
    hash.update(`${file}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

interface PackageJson {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Files of a package and of those of the workspace that it runs on; those it only has types of do not get into a build. */
function sourcesOf(root: string, folder: string): string[] {
  const own = globSync('**/*', {
    cwd: join(root, folder),
    withFileTypes: true,
    exclude: (entry) => isNoSource(root, folder, entry),
  })
    .filter((entry) => entry.isFile())
    .map((entry) => slashes(relative(root, join(entry.parentPath, entry.name))));
  const needed = Object.entries(packageJson(root, folder).dependencies ?? {})
    .filter(([, version]) => version.startsWith('workspace:'))
    .flatMap(([name]) => globSync('packages/*', { cwd: root }).filter((one) => packageJson(root, one).name === name));
  return [...own, ...needed.flatMap((one) => sourcesOf(root, one))];
}

function isNoSource(
  root: string,
  folder: string,
  entry: { readonly parentPath: string; readonly name: string },
): boolean {
  return NO_SOURCE.test(slashes(relative(join(root, folder), join(entry.parentPath, entry.name))));
}

const slashes = (path: string): string => path.replaceAll(sep, '/');

function packageJson(root: string, folder: string): PackageJson {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as PackageJson;
}

function stampOf(dist: string): string | undefined {
  try {
    return readFileSync(join(dist, STAMP), 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Puts `out` where `dist` is. Whoever is second with the same build leaves the first one's where it is. */
function replace(dist: string, out: string, wanted: string): void {
  const old = `${out}-old`;
  for (let attempt = 1; stampOf(dist) !== wanted; attempt++) {
    try {
      moveAway(dist, old);
      renameSync(out, dist);
    } catch (error) {
      // Another one put its build there between the two steps.
      if (!isCode(error, 'ENOTEMPTY', 'EEXIST', 'EPERM') || attempt === 10) throw error;
    } finally {
      rmSync(old, { recursive: true, force: true });
    }
  }
}

function moveAway(dist: string, old: string): void {
  try {
    renameSync(dist, old);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** What builds that were killed have left. */
function removeAbandoned(app: string): void {
  for (const name of readdirSync(app)) {
    const pid = BUILDING.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(app, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

/** In a process of its own, all of whose words go to stderr: stdout belongs to the server that comes after. */
function viteBuild(app: string, out: string): void {
  const vite = join(app, 'node_modules/vite/bin/vite.js');
  const parameters = [vite, 'build', '--outDir', out, '--emptyOutDir', '--logLevel', 'warn'];
  const { status, signal, error } = spawnSync(process.execPath, parameters, {
    cwd: app,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
  });
  if (error) throw error;
  if (signal !== null) process.kill(process.pid, signal);
  if (status !== 0) throw new Error(`vite ended with ${status ?? signal}`);
}

if (import.meta.main) {
  const tell = (line: string): void => console.error(line);
  const outcome = buildWeb({ root: resolve(import.meta.dirname, '..'), tell });
  // The server has more to offer than the page; who wants only the build (`--strict`) is told that there is none.
  if (outcome === 'failed' && process.argv.includes('--strict')) process.exitCode = 1;
}
