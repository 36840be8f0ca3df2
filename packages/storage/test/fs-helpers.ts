import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { type FileSystem, nodeFileSystem } from '../src/fs-system.ts';
import { FsStorage } from '../src/index.ts';

export const KEY = 'users/u/notes/e/r.md';

/** A `SynapError` of this code. */
export const code = (name: string): unknown => expect.objectContaining({ name: 'SynapError', code: name });

/** An error as the operating system gives it. */
export const errno = (name: string): Error => Object.assign(new Error(`${name}: injected`), { code: name });

/** A new folder for each test, as a function because it is there only while the test runs. */
export function temporaryRoot(): () => string {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'synap-fs-faults-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));
  return () => root;
}

/** A storage in `root` whose file system is the real one, but for what is given. */
export function openWith(root: string, fileSystem: Partial<FileSystem>, more: { minFreeBytes?: number } = {}) {
  return FsStorage.open({ root, fileSystem: { ...nodeFileSystem, ...fileSystem }, ...more });
}

/** A file system whose handles were changed before anybody else has them. `path` is relative to the root. */
export function withHandles(
  root: string,
  change: (handle: FileHandle, path: string, flags: string | number | undefined) => void,
): Partial<FileSystem> {
  return {
    open: async (path, flags, mode) => {
      const handle = await nodeFileSystem.open(path, flags, mode);
      change(handle, String(path).slice(root.length), flags);
      return handle;
    },
  };
}

export async function keysIn(storage: FsStorage): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list()) keys.push(key);
  return keys;
}
