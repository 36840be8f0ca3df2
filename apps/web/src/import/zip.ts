import { BlobReader, configure, type FileEntry, ZipReader } from '@zip.js/zip.js/lib/zip-core-native.js';
import { type Source, type SourceFile, sourceOf } from './source-file.ts';

// The page's policy allows neither workers made of text nor WebAssembly; the browser unpacks by itself.
configure({ useWebWorkers: false, useCompressionStream: true });

/** More than this of one file is refused before it is unpacked. */
const MAX_FILE_BYTES = 2 ** 30;

/**
 * Looks into an archive without unpacking it; each file is unpacked when it is its turn.
 * @throws {Error} if it is no archive, or damaged
 */
export async function readZip(file: File): Promise<Source> {
  const entries = await new ZipReader(new BlobReader(file)).getEntries();
  const files = entries.flatMap((entry) => (entry.directory ? [] : [fileOf(entry)]));
  const folder = commonFolder(files.map(({ path }) => path));
  const inside = files.map((one) => ({ ...one, path: one.path.slice(folder.length) }));
  return sourceOf(file.name.replace(/\.zip$/i, ''), inside, true);
}

function fileOf(entry: FileEntry): SourceFile {
  return {
    path: entry.filename,
    size: entry.uncompressedSize,
    modifiedAt: entry.lastModDate.toISOString(),
    open: () => unpack(entry),
  };
}

/** Never holds more than the archive says that there is: one that unpacks to more is a trap. */
async function unpack(entry: FileEntry): Promise<Blob> {
  if (entry.encrypted) throw new Error('It is encrypted.');
  if (entry.uncompressedSize > MAX_FILE_BYTES) throw new Error('It is larger than 1 GiB.');
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  await entry.getData(
    new WritableStream<Uint8Array<ArrayBuffer>>({
      write(part) {
        size += part.length;
        if (size > entry.uncompressedSize) throw new Error('It is larger than the archive says.');
        parts.push(part.slice());
      },
    }),
    { checkSignature: true },
  );
  if (size !== entry.uncompressedSize) throw new Error('It is smaller than the archive says.');
  return new Blob(parts);
}

/** Archives of a folder hold everything below its name, which is no part of the paths. */
function commonFolder(paths: readonly string[]): string {
  const folder = /^[^/]+\//.exec(paths.find((path) => !path.startsWith('__MACOSX/')) ?? '')?.[0] ?? '';
  const own = (path: string) => path.startsWith('__MACOSX/') || path.startsWith(folder);
  return paths.every(own) ? folder : '';
}
