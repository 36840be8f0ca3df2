import { statfs } from 'node:fs/promises';
import { isSynapError } from '@synap/types';
import { type Config, isLoopback } from '../config.ts';
import type { Stores } from '../stores.ts';
import { examineDatabase } from './database.ts';
import { type Diagnosis, fail, ok, warn } from './report.ts';
import { examineStorage } from './storage.ts';

const GIB = 1024 ** 3;
/** Below this, writes are refused; see the embedded database and the fs driver. */
const REFUSED_BELOW = 64 * 1024 * 1024;
const LOW_BELOW = GIB;

/** Everything the doctor looks at, line by line. A store that does not answer is a line too. */
export async function* examine(stores: Stores, config: Config): AsyncGenerator<Diagnosis> {
  try {
    yield* examineDatabase(stores.database, config);
  } catch (error) {
    if (!isSynapError(error)) throw error;
    yield fail('database', error.message, 'Check DATABASE_URL and the server’s log.');
  }
  yield* examineStorage(stores.objects, stores.secret);
  yield* examineSetting(config);
}

async function* examineSetting(config: Config): AsyncGenerator<Diagnosis> {
  yield await examineDisk(config.data);
  yield isLoopback(config.host)
    ? ok('network', `${config.host}: reachable from this machine only`)
    : warn(
        'network',
        `${config.host}: reachable from other machines, without encryption`,
        'Put a reverse proxy with TLS before it.',
      );
  if (config.s3?.publicUrl !== undefined) {
    yield warn('R2_PUBLIC_URL', 'set and not used: no content is public', 'Remove it, or leave it for later.');
  }
  yield ok('jobs', 'not in this release');
  yield ok('AI', 'not in this release');
  const idle = config.withoutEffect.filter((name) => name !== 'R2_PUBLIC_URL');
  if (idle.length > 0) {
    yield warn(
      'configuration',
      `without effect in this release: ${idle.join(', ')}`,
      'Leave them for later or remove them.',
    );
  }
}

async function examineDisk(folder: string): Promise<Diagnosis> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${(free / GIB).toFixed(1)} GiB free for ${folder}`;
  if (free < REFUSED_BELOW) return fail('disk', `${detail}: writes are refused`, 'Make room.');
  return free < LOW_BELOW ? warn('disk', detail, 'Make room before it runs out.') : ok('disk', detail);
}
