import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CommandError, EXIT } from '../exit.ts';
import type { Sink } from './sink.ts';

/**
 * A folder that is new or empty, or with `force` any: files in it are replaced one by one, others stay.
 * @throws {CommandError} if there is something else in it, or it is no folder
 */
export async function folderSink(root: string, force: boolean): Promise<Sink> {
  await mkdir(root, { recursive: true }).catch((cause: unknown) => {
    throw new CommandError(EXIT.USAGE, `${root} is no folder and cannot be made one.`, { cause });
  });
  if (!force && (await readdir(root)).length > 0) {
    throw new CommandError(
      EXIT.USAGE,
      `${root} is not empty. Name another folder, or replace what is in it with --force.`,
    );
  }
  const folders = new Map<string, Promise<void>>([['', Promise.resolve()]]);
  const folder = (path: string): Promise<void> => {
    const known = folders.get(path);
    if (known) return known;
    const made = folder(parentOf(path)).then(() => makeFolder(join(root, path)));
    folders.set(path, made);
    return made;
  };
  return {
    foldsCase: process.platform === 'darwin' || process.platform === 'win32',
    windows: process.platform === 'win32',
    async write(path: string, content: Readable, modifiedAt: Date): Promise<void> {
      const temporary = join(root, `.synap-export-${randomBytes(8).toString('hex')}`);
      try {
        await folder(parentOf(path));
        await pipeline(content, createWriteStream(temporary, { flags: 'wx' }));
        await utimes(temporary, modifiedAt, modifiedAt);
        await rename(temporary, join(root, path));
      } catch (error) {
        content.destroy();
        await rm(temporary, { force: true });
        throw error;
      }
    },
    finish: async () => undefined,
    discard: async () => undefined,
  };
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/** A folder that is one: through a link that is there already, files would end up somewhere else. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!(await lstat(path)).isDirectory())
      throw new Error('A file or a link is where its folder should be.', { cause: error });
  }
}
