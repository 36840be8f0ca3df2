import { join } from 'node:path';
import { type FileSystem, ifPresent } from './fs-system.ts';
import { isStorageKey } from './paths.ts';
import type { ObjectListing } from './port.ts';

interface Entry {
  /** With a slash at the end if it is a folder, which is what its place in the order of keys depends on. */
  readonly key: string;
  readonly order: Buffer;
}

/** The names of one folder that can be objects of ours or lead to some, in the byte order of the keys below them. */
async function entriesOf(fileSystem: FileSystem, root: string, folderKey: string, prefix: string): Promise<Entry[]> {
  const found = await ifPresent(() => fileSystem.readdir(join(root, folderKey), { withFileTypes: true }));
  const entries: Entry[] = [];
  for (const entry of found ?? []) {
    // Links, sockets and the like are not ours; neither is a name that no key can have, such as `.tmp`.
    if (!entry.isFile() && !entry.isDirectory()) continue;
    const path = folderKey + entry.name;
    if (!isStorageKey(path)) continue;
    const key = entry.isDirectory() ? `${path}/` : path;
    if (key.startsWith(prefix) || (entry.isDirectory() && prefix.startsWith(key))) {
      entries.push({ key, order: Buffer.from(key) });
    }
  }
  return entries.sort((a, b) => Buffer.compare(a.order, b.order));
}

/**
 * The objects below `root` whose keys begin with `prefix`, in the byte order of the keys. Holds the names of one folder
 * on each level at a time, not the whole tree. What is deleted meanwhile may or may not be listed.
 * @param prefix one that a key can begin with
 */
export async function* listFolder(
  fileSystem: FileSystem,
  root: string,
  prefix: string,
  folderKey = prefix.slice(0, prefix.lastIndexOf('/') + 1),
): AsyncGenerator<ObjectListing> {
  for (const { key } of await entriesOf(fileSystem, root, folderKey, prefix)) {
    if (key.endsWith('/')) {
      yield* listFolder(fileSystem, root, prefix, key);
    } else if (isStorageKey(key)) {
      const stats = await ifPresent(() => fileSystem.lstat(join(root, key)));
      if (stats) yield { key, size: stats.size, lastModified: stats.mtime };
    }
  }
}
