import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { modifiedAt } from '@initiativ/core';
import { isHidden, type Problem, type Source, type SourceFile } from './source.ts';

const REASONS = {
  SYMBOLIC_LINK: 'It is a symbolic link, which is not followed.',
  NOT_A_FILE: 'It is neither a file nor a folder.',
  UNREADABLE: 'It cannot be read.',
  NAME_NOT_UTF8: 'Its name is not UTF-8.',
} as const;

/**
 * All files below a folder, by path. Symbolic links are told and not followed, so that nothing outside of the folder
 * gets in.
 */
export async function openFolder(root: string): Promise<Source> {
  const files: SourceFile[] = [];
  const refused: Problem[] = [];
  let hidden = 0;
  const refuse = (path: string, code: keyof typeof REASONS) => refused.push({ path, code, message: REASONS[code] });
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => undefined);
    if (!entries) {
      refuse(folder === '' ? '.' : folder, 'UNREADABLE');
      continue;
    }
    for (const entry of entries) {
      const { name } = entry;
      const path = folder === '' ? name : `${folder}/${name}`;
      if (isHidden(name)) hidden++;
      else if (entry.isSymbolicLink()) refuse(path, 'SYMBOLIC_LINK');
      else if (entry.isDirectory()) folders.push(path);
      else if (!entry.isFile()) refuse(path, 'NOT_A_FILE');
      else {
        const stats = await lstat(join(root, path)).catch(() => undefined);
        // Node gives a name that is not UTF-8 with replacement characters, and finds nothing under it.
        if (!stats) refuse(path, name.includes('\ufffd') ? 'NAME_NOT_UTF8' : 'UNREADABLE');
        else files.push(fileOf(join(root, path), path.normalize('NFC'), stats));
      }
    }
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, refused, hidden, close: async () => undefined };
}

function fileOf(location: string, path: string, stats: { size: number; mtimeMs: number }): SourceFile {
  return {
    path,
    size: stats.size,
    modifiedAt: modifiedAt(stats.mtimeMs),
    async open(): Promise<Readable> {
      // It may have become a link since it was listed.
      const handle = await open(location, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
      return handle.createReadStream();
    },
  };
}
