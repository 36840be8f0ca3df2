import * as fsPromises from 'node:fs/promises';
import { isSynapError, SynapError } from '@synap/types';

/** What the driver needs of the file system; tests put another in its place to make it fail. */
export type FileSystem = Pick<
  typeof fsPromises,
  'link' | 'lstat' | 'mkdir' | 'open' | 'readdir' | 'readFile' | 'realpath' | 'rename' | 'rm' | 'statfs' | 'unlink'
>;

export const nodeFileSystem: FileSystem = fsPromises;

/** The `code` of an error of the operating system, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);
const DENIED = new Set(['EACCES', 'EPERM', 'EROFS', 'ELOOP']);

/** Says of an error of the file system what it means for the store. A `SynapError` passes as it is. */
export function fsError(error: unknown): SynapError {
  if (isSynapError(error)) return error;
  const errno = errnoOf(error);
  const options = { cause: error, ...(errno === undefined ? {} : { details: { errno } }) };
  if (errno !== undefined && FULL.has(errno)) {
    return new SynapError('STORAGE_FULL', 'The disk is full. Make room and try again.', options);
  }
  if (errno !== undefined && DENIED.has(errno)) {
    return new SynapError('STORAGE_ACCESS_DENIED', 'The storage folder may not be used by this program.', options);
  }
  if (errno === 'ENAMETOOLONG') {
    return new SynapError('INVALID_STORAGE_KEY', 'The key is too long for this file system.', options);
  }
  return new SynapError('STORAGE_UNAVAILABLE', 'The storage folder cannot be used at the moment.', options);
}

/** Runs `work`, and turns whatever it throws into a `SynapError`. */
export async function io<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fsError(error);
  }
}

/** The result of `work`, or undefined if there is no such file or folder. */
export async function ifPresent<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Makes the entries of a folder durable. */
export async function fsyncFolder(fileSystem: FileSystem, folder: string): Promise<void> {
  // Windows cannot open folders; NTFS journals their entries by itself.
  if (process.platform === 'win32') return;
  await using handle = await fileSystem.open(folder, 'r');
  await handle.sync();
}
