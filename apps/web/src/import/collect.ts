import { fromFile, type Source, type SourceFile, sourceOf } from './source-file.ts';

/** Ways into the page: a folder or archive that is chosen, or dropped. */

const LOOSE_FILES = 'Files';

function isZip(file: File): boolean {
  return /\.zip$/i.test(file.name);
}

/** What a file field holds. With `webkitdirectory` each file tells its path, which begins with the folder's name. */
export async function fromInput(files: readonly File[]): Promise<Source> {
  const [first] = files;
  if (files.length === 1 && first && isZip(first) && !first.webkitRelativePath) return fromZip(first);
  const folder = first?.webkitRelativePath.split('/')[0];
  if (!folder)
    return sourceOf(
      LOOSE_FILES,
      files.map((file) => fromFile(file, file.name)),
      false,
    );
  return sourceOf(
    folder,
    files.map((file) => fromFile(file, file.webkitRelativePath.slice(folder.length + 1))),
    true,
  );
}

async function fromZip(file: File): Promise<Source> {
  const { readZip } = await import('./zip.ts');
  return readZip(file);
}

/**
 * What was dropped.
 * @param items the entries, which have to be taken within the event itself: afterwards the browser forgets them
 */
export async function fromDrop(entries: readonly FileSystemEntry[]): Promise<Source> {
  const [first] = entries;
  if (entries.length === 1 && first?.isDirectory) {
    const files = await walk(first as FileSystemDirectoryEntry, '');
    return sourceOf(first.name, files, true);
  }
  if (entries.length === 1 && first?.isFile) {
    const file = await fileOf(first as FileSystemFileEntry);
    if (isZip(file)) return fromZip(file);
  }
  const found: SourceFile[] = [];
  for (const entry of entries) {
    if (entry.isDirectory) found.push(...(await walk(entry as FileSystemDirectoryEntry, `${entry.name}/`)));
    else found.push(fromFile(await fileOf(entry as FileSystemFileEntry), entry.name));
  }
  return sourceOf(LOOSE_FILES, found, false);
}

export function entriesOf(items: DataTransferItemList): FileSystemEntry[] {
  return [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
}

/** Iterative, so that a folder in a folder in a folder needs no stack. */
async function walk(root: FileSystemDirectoryEntry, prefix: string): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  const open: [FileSystemDirectoryEntry, string][] = [[root, prefix]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [folder, path] = next;
    for await (const entry of entriesIn(folder)) {
      if (entry.isDirectory) open.push([entry as FileSystemDirectoryEntry, `${path}${entry.name}/`]);
      else found.push(fromFile(await fileOf(entry as FileSystemFileEntry), `${path}${entry.name}`));
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A reader gives a hundred at a time, and none at the end. */
async function* entriesIn(folder: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry> {
  const reader = folder.createReader();
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    yield* batch;
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
