import { dirname, join } from 'node:path';
import { errnoOf, type FileSystem, fsyncFolder, ifPresent } from './fs-system.ts';

/** Where uploads are written before they are published: on the same file system, in a folder that no key can name. */
export const TMP_FOLDER = '.tmp';

/** No upload takes this long; what is older was left by a process that died. */
const LEFTOVER_MS = 24 * 60 * 60 * 1000;

/**
 * Makes the folder of the storage and what belongs in it, durably, and returns its real path: the root itself may be
 * reached through a symbolic link, if the operator says so.
 */
export async function prepareRoot(fileSystem: FileSystem, root: string): Promise<string> {
  const first = await fileSystem.mkdir(root, { recursive: true, mode: 0o700 });
  if (first !== undefined) {
    for (let folder = root; folder.length >= first.length; folder = dirname(folder)) {
      await fsyncFolder(fileSystem, dirname(folder));
    }
  }
  const real = await fileSystem.realpath(root);
  const tmpFolder = join(real, TMP_FOLDER);
  await makeFolder(fileSystem, tmpFolder);
  await makeFolder(fileSystem, join(real, '.meta'));
  await fsyncFolder(fileSystem, real);
  await removeLeftovers(fileSystem, tmpFolder);
  return real;
}

async function makeFolder(fileSystem: FileSystem, folder: string): Promise<void> {
  try {
    await fileSystem.mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await fileSystem.lstat(folder)).isDirectory()) throw error;
  }
}

async function removeLeftovers(fileSystem: FileSystem, tmpFolder: string): Promise<void> {
  const before = Date.now() - LEFTOVER_MS;
  for (const name of await fileSystem.readdir(tmpFolder)) {
    const path = join(tmpFolder, name);
    const stats = await ifPresent(() => fileSystem.lstat(path));
    if (stats && stats.mtimeMs < before) await fileSystem.rm(path, { recursive: true, force: true });
  }
}
