import { importPath, isTooMuch, modifiedAt, reasonToRefuse, ZIP_REASONS, type ZipReason } from '@initiativ/core/import';
import { BlobReader, configure, type FileEntry, ZipReader } from '@zip.js/zip.js/lib/zip-core-native.js';
import { isHidden, type Problem, type Source, type SourceFile } from './source-file.ts';

// The page's policy allows neither workers made of text nor WebAssembly; the browser unpacks by itself.
configure({ useWebWorkers: false, useCompressionStream: true });

/** More than this of one file is refused before it is unpacked: the page holds it in memory. */
const MAX_FILE_BYTES = 2 ** 30;

const STORED = 0;
const DEFLATED = 8;

/**
 * Looks into an archive without unpacking it; each file is unpacked when it is its turn. Paths are those of the archive
 * as they are, and what could do harm is refused by name, as on the command line: the same archive is the same import.
 * @throws {Error} if it is no archive, or damaged where its files are listed
 */
export async function readZip(file: File): Promise<Source> {
  // Names are looked at here, because one bad one would end it for all.
  const entries = await new ZipReader(new BlobReader(file), { filenameValidation: 'tolerant' }).getEntries();
  const files = new Map<string, SourceFile>();
  const refused: Problem[] = [];
  let hidden = 0;
  let together = 0;
  for (const entry of entries) {
    const name = entry.filename;
    if (entry.directory) continue;
    const path = importPath(name);
    const refuse = (code: ZipReason) => refused.push({ path: path ?? name, message: ZIP_REASONS[code] });
    const reason = reasonToRefuse(factsOf(entry));
    if (reason) refuse(reason);
    else if (path === undefined) refuse('PATH_REFUSED');
    else if (isHidden(path)) hidden++;
    else if (files.has(path)) refuse('DUPLICATE_PATH');
    else {
      together += entry.uncompressedSize;
      if (isTooMuch(together, file.size)) refuse('ZIP_BOMB');
      else files.set(path, fileOf(entry, path));
    }
  }
  return { name: file.name.replace(/\.zip$/i, ''), files: [...files.values()], refused, complete: true, hidden };
}

function factsOf(entry: FileEntry) {
  const { versionMadeBy, externalFileAttributes, encrypted, compressedSize, uncompressedSize } = entry;
  return {
    name: entry.filename,
    nameIsSound: !entry.filenameUTF8 || isUtf8(entry.rawFilename),
    versionMadeBy,
    externalFileAttributes,
    encrypted,
    decodable: entry.compressionMethod === STORED || entry.compressionMethod === DEFLATED,
    compressedSize,
    uncompressedSize,
  };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function fileOf(entry: FileEntry, path: string): SourceFile {
  return {
    path,
    size: entry.uncompressedSize,
    modifiedAt: modifiedAt(entry.lastModDate.getTime()),
    open: () => unpack(entry),
  };
}

/** Never holds more than the archive says that there is: one that unpacks to more is a trap. */
async function unpack(entry: FileEntry): Promise<Blob> {
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
