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

/** The last instant of the last year and the first that have a spelling both in JSON and in the database. */
const EARLIEST = Date.parse('0001-01-01T00:00:00.000Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

/** The time of a file in whole milliseconds; the beginning of 1970 for one that has no sensible time. */
export function modifiedAt(milliseconds: number): string {
  // A double of seconds does not hold a millisecond exactly, and some tools set times by one.
  const whole = Math.floor(milliseconds + 0.001);
  return new Date(whole >= EARLIEST && whole <= LATEST ? whole : 0).toISOString();
}
