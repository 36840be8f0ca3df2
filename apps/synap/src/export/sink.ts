import type { Readable } from 'node:stream';

/** Where exported files go. */
export interface Sink {
  /** Whether names that differ in case alone are one name there. */
  readonly foldsCase: boolean;
  /** Whether names have to be such as Windows takes. */
  readonly windows: boolean;
  /** Whether a file that failed can be written again; else the whole is spoilt by it. */
  readonly repeatable: boolean;
  /** Writes one file, whole or not at all. @param path relative, of plain names */
  write(path: string, content: Readable, modifiedAt: Date): Promise<void>;
  /** Makes what was written count. */
  finish(): Promise<void>;
  /** Leaves nothing half done behind. Harmless after `finish`. */
  discard(): Promise<void>;
}
