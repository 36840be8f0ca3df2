import type { Readable } from 'node:stream';

/** A file that can be imported. */
export interface SourceFile {
  /** Relative to the source, `/` between the parts, NFC. */
  readonly path: string;
  /** Bytes, as far as is told. */
  readonly size: number;
  /** ISO 8601. */
  readonly modifiedAt: string;
  /** Its bytes from the beginning; may be asked for again. */
  open(): Promise<Readable>;
}

/** Something that is not as it should be with one file, told by its name. */
export interface Problem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** A folder or an archive. */
export interface Source {
  readonly files: readonly SourceFile[];
  /** What is there and cannot be imported. */
  readonly refused: readonly Problem[];
  /** Hidden files and folders, which are not looked into. */
  readonly hidden: number;
  close(): Promise<void>;
}

/** What programs keep beside a person's files: settings, trash, the resource forks of a Mac. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX';
}
