// Runs in the browser as well: nothing here may import more than types.

/** Why a file of an archive is not looked at. */
export const ZIP_REASONS = {
  PATH_REFUSED: 'Its path is absolute, leads out of the archive, or is none.',
  NAME_NOT_UTF8: 'Its name is said to be UTF-8 and is not.',
  SYMBOLIC_LINK: 'It is a symbolic link, which is not followed.',
  ENCRYPTED: 'It is encrypted.',
  COMPRESSION_UNKNOWN: 'It is compressed in a way that is not supported.',
  ZIP_BOMB: 'It would become far larger than it is in the archive.',
  DUPLICATE_PATH: 'The archive has another file with the same path.',
} as const;
export type ZipReason = keyof typeof ZIP_REASONS;

/** What an archive says of one of its files. */
export interface ZipEntryFacts {
  readonly name: string;
  /** False for bytes that are said to be UTF-8 and are not. */
  readonly nameIsSound: boolean;
  readonly versionMadeBy: number;
  readonly externalFileAttributes: number;
  readonly encrypted: boolean;
  /** Whether its compression is supported. */
  readonly decodable: boolean;
  /** Bytes. */
  readonly compressedSize: number;
  /** Bytes. */
  readonly uncompressedSize: number;
}

/** How many times its size in the archive a file may have. Text is rarely above 20; deflate ends at 1,032. */
const MAX_RATIO = 250;
/** Bytes up to which the ratio does not matter. */
const HARMLESS = 1024 * 1024;
/** Bytes that all files together may have beyond what the ratio allows for the archive as a whole. */
const HARMLESS_TOGETHER = 100 * 1024 * 1024;

const UNIX = 3;
const MAC = 19;
const FILE_FORMAT = 0o170000;
const LINK = 0o120000;

/** What an archive could be made to do harm with; undefined for a file that may be read. */
export function reasonToRefuse(entry: ZipEntryFacts): ZipReason | undefined {
  const { name, compressedSize, uncompressedSize } = entry;
  if (!entry.nameIsSound) return 'NAME_NOT_UTF8';
  // A backslash separates folders on Windows, whatever the archive means by it; so does the colon of a drive.
  if (name.includes('\\') || /^[a-z]:/i.test(name)) return 'PATH_REFUSED';
  const system = entry.versionMadeBy >> 8;
  const format = (entry.externalFileAttributes >>> 16) & FILE_FORMAT;
  if ((system === UNIX || system === MAC) && format === LINK) return 'SYMBOLIC_LINK';
  if (entry.encrypted) return 'ENCRYPTED';
  if (!entry.decodable) return 'COMPRESSION_UNKNOWN';
  return uncompressedSize > HARMLESS && uncompressedSize > compressedSize * MAX_RATIO ? 'ZIP_BOMB' : undefined;
}

/**
 * Whether files of this many bytes together are too many for an archive of `archiveSize` bytes: they may share their
 * bytes in it, each harmless by itself.
 */
export function isTooMuch(together: number, archiveSize: number): boolean {
  return together > archiveSize * MAX_RATIO + HARMLESS_TOGETHER;
}
