import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SynapError } from '@synap/types';

/**
 * The folder from which the person called. pnpm runs a script in the package's own folder and tells the caller's in
 * `INIT_CWD`; outside such a script the variable may be left over from an outer program and is not believed.
 */
export function callerFolder(): string {
  const { npm_lifecycle_event: script, INIT_CWD: caller } = process.env;
  return resolve((script === 'start' || script === 'synap') && caller ? caller : process.cwd());
}

/** A path as the person meant it. */
export function callerPath(path: string): string {
  return resolve(callerFolder(), path);
}

/**
 * Reads the caller's `.env` into `process.env`; what is set there already wins.
 * @throws {SynapError} `CONFIGURATION_INVALID` if there is one that cannot be read
 */
export function loadDotEnv(folder: string): void {
  const file = join(folder, '.env');
  if (!existsSync(file)) return;
  try {
    process.loadEnvFile(file);
  } catch (cause) {
    throw new SynapError('CONFIGURATION_INVALID', `The file ${file} cannot be read.`, { cause });
  }
}
