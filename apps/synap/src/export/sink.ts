import type { Readable } from 'node:stream';

/** Where exported files go. */
export interface Sink {
  /** Whether names that differ in case alone are one name there. */
  readonly foldsCase: boolean;
  /** Whether names have to be such as Windows takes. */
  readonly windows: boolean;
  /**
   * Writes one file, whole or not at all; one that failed can be written again.
   * @param path relative, of plain names
   * @throws what `content` does; {CommandError} if no other file can be written either
   */
  write(path: string, content: Readable, modifiedAt: Date): Promise<void>;
  /** Makes what was written count. */
  finish(): Promise<void>;
  /** Leaves nothing half done behind. Harmless after `finish`. */
  discard(): Promise<void>;
}
