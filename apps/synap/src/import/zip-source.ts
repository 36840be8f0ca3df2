import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  importPath,
  isTooMuch,
  modifiedAt,
  reasonToRefuse,
  ZIP_REASONS,
  type ZipEntryFacts,
  type ZipReason,
} from '@initiativ/core';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { CommandError, EXIT } from '../exit.ts';
import { isHidden, type Problem, type Source, type SourceFile } from './source.ts';

const UTF8_FLAG = 0x800;

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
    const refuse = (code: ZipReason) => refused.push({ path: path ?? name, code, message: ZIP_REASONS[code] });
    const reason = reasonToRefuse(factsOf(entry, name));
    if (reason) refuse(reason);
    else if (path === undefined) refuse('PATH_REFUSED');
    else if (path.split('/').some(isHidden)) hidden++;
    else if (files.has(path)) refuse('DUPLICATE_PATH');
    else {
      together += entry.uncompressedSize;
      if (isTooMuch(together, zip.fileSize)) refuse('ZIP_BOMB');
      else files.set(path, fileOf(zip, entry, path));
    }
  }
  const sorted = [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { files: sorted, refused, hidden, close: async () => zip.close() };
}

function nameOf(entry: Entry): string {
  return yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
}

function factsOf(entry: Entry, name: string): ZipEntryFacts {
  const { versionMadeBy, externalFileAttributes, compressedSize, uncompressedSize } = entry;
  return {
    name,
    nameIsSound: (entry.generalPurposeBitFlag & UTF8_FLAG) === 0 || isUtf8(entry.fileNameRaw),
    versionMadeBy,
    externalFileAttributes,
    encrypted: entry.isEncrypted(),
    decodable: entry.canDecodeFileData(),
    compressedSize,
    uncompressedSize,
  };
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
