import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const colors = process.stdout.isTTY ? 'force' : 'off';

/** All of them run even if one fails, so that one look shows everything there is to mend. */
const CHECKS: readonly (readonly [name: string, program: string, ...parameters: string[]])[] = [
  ['format', 'biome', 'ci', `--colors=${colors}`, '.'],
  ['lint', 'oxlint'],
  ['types', 'tsc', '-b'],
  ['dead code', 'knip', '--no-progress'],
  ['directions', 'node', 'scripts/check-directions.ts'],
];

let failed = 0;
for (const [name, program, ...parameters] of CHECKS) {
  const started = performance.now();
  const { status, stdout, stderr, error } = spawnSync(join(root, 'node_modules/.bin', program), parameters, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status !== 0) {
    failed++;
    console.log(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trimEnd());
  }
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
}
if (failed > 0) process.exitCode = 1;
