import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { importPath } from '@initiativ/core';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { CommandError, EXIT } from '../exit.ts';
import { isHidden, modifiedAt, type Problem, type Source, type SourceFile } from './source.ts';

const REASONS = {
  PATH_REFUSED: 'Its path is absolute, leads out of the archive, or is none.',
  NAME_NOT_UTF8: 'Its name is said to be UTF-8 and is not.',
  SYMBOLIC_LINK: 'It is a symbolic link, which is not followed.',
  ENCRYPTED: 'It is encrypted.',
  COMPRESSION_UNKNOWN: 'It is compressed in a way that is not supported.',
  ZIP_BOMB: 'It would become far larger than it is in the archive.',
  DUPLICATE_PATH: 'The archive has another file with the same path.',
} as const;
type Reason = keyof typeof REASONS;

/** How many times its size in the archive a file may have. Text is rarely above 20; deflate ends at 1,032. */
const MAX_RATIO = 250;
/** Bytes up to which the ratio does not matter. */
const HARMLESS = 1024 * 1024;
/** Bytes that all files together may have beyond what the ratio allows for the archive as a whole. */
const HARMLESS_TOGETHER = 100 * 1024 * 1024;

const UTF8_FLAG = 0x800;
const UNIX = 3;
const MAC = 19;
const FILE_FORMAT = 0o170000;
const LINK = 0o120000;

/**
 * The files of a zip archive. Nothing is written anywhere; what an archive could be made to do harm with is refused by
 * name, and the rest can be imported.
 * @throws {CommandError} if it is no zip archive, or damaged where its files are listed
 */
export async function openZip(location: string): Promise<Source> {
  const zip = await opened(location);
  try {
    return await sourceOf(zip);
  } catch (error) {
    zip.close();
    throw damaged(location, error);
  }
}

async function opened(location: string): Promise<ZipFile> {
  try {
    // Names and sizes are looked at here, because yauzl would give up at the first bad one.
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: false } as const;
    return await yauzl.openPromise(location, options);
  } catch (error) {
    throw damaged(location, error);
  }
}

function damaged(location: string, cause: unknown): CommandError {
  return new CommandError(EXIT.FAILED, `${location} is no zip archive, or it is damaged.`, { cause });
}

async function sourceOf(zip: ZipFile): Promise<Source> {
  const files = new Map<string, SourceFile>();
  const refused: Problem[] = [];
  let hidden = 0;
  let together = 0;
  for await (const entry of zip.eachEntry()) {
    const name = nameOf(entry);
    if (name.endsWith('/')) continue;
    const path = importPath(name);
    const refuse = (code: Reason) => refused.push({ path: path ?? name, code, message: REASONS[code] });
    const reason = reasonToRefuse(entry, name);
    if (reason) refuse(reason);
    else if (path === undefined) refuse('PATH_REFUSED');
    else if (path.split('/').some(isHidden)) hidden++;
    else if (files.has(path)) refuse('DUPLICATE_PATH');
    else {
      together += entry.uncompressedSize;
      // Files may share their bytes in the archive, each harmless by itself.
      if (together > zip.fileSize * MAX_RATIO + HARMLESS_TOGETHER) refuse('ZIP_BOMB');
      else files.set(path, fileOf(zip, entry, path));
    }
  }
  const sorted = [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { files: sorted, refused, hidden, close: async () => zip.close() };
}

function nameOf(entry: Entry): string {
  return yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
}

function reasonToRefuse(entry: Entry, name: string): Reason | undefined {
  if ((entry.generalPurposeBitFlag & UTF8_FLAG) !== 0 && !isUtf8(entry.fileNameRaw)) return 'NAME_NOT_UTF8';
  // A backslash separates folders on Windows, whatever the archive means by it; so does the colon of a drive.
  if (name.includes('\\') || /^[a-z]:/i.test(name)) return 'PATH_REFUSED';
  const system = entry.versionMadeBy >> 8;
  const format = (entry.externalFileAttributes >>> 16) & FILE_FORMAT;
  if ((system === UNIX || system === MAC) && format === LINK) return 'SYMBOLIC_LINK';
  if (entry.isEncrypted()) return 'ENCRYPTED';
  if (!entry.canDecodeFileData()) return 'COMPRESSION_UNKNOWN';
  const { uncompressedSize, compressedSize } = entry;
  return uncompressedSize > HARMLESS && uncompressedSize > compressedSize * MAX_RATIO ? 'ZIP_BOMB' : undefined;
}

function fileOf(zip: ZipFile, entry: Entry, path: string): SourceFile {
  return {
    path,
    size: entry.uncompressedSize,
    modifiedAt: modifiedAt(entry.getLastModDate().getTime()),
    async open(): Promise<Readable> {
      return checked(await zip.openReadStreamPromise(entry), entry);
    },
  };
}

/**
 * Fails as soon as there are more bytes than the archive says, and at the end if there are fewer, or others than it was
 * made of.
 */
function checked(stream: Readable, { uncompressedSize, crc32: expected }: Entry): Readable {
  return stream.compose(async function* verify(chunks: AsyncIterable<Buffer>) {
    let crc = 0;
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > uncompressedSize) break;
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (size === uncompressedSize && crc === expected) return;
    throw new Error('The bytes are not those that the archive says.');
  }) as Readable;
}
