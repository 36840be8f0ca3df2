/** A file that is to be imported, from wherever it comes. */
export interface SourceFile {
  /** Relative to the source, `/` between the parts. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** ISO 8601. */
  readonly modifiedAt: string;
  open(): Promise<Blob>;
}

/** Something about a file that its owner should know. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** A folder, an archive, or some files. */
export interface Source {
  /** What it is called, unless somebody gives it another name. */
  readonly name: string;
  readonly files: readonly SourceFile[];
  /** What is there and is not imported. */
  readonly refused: readonly Problem[];
  /** Whether these are all files of the source, so that one that was moved can be recognised. */
  readonly complete: boolean;
  /** How many were passed over: settings and what else programs hide beside notes. */
  readonly hidden: number;
}

/** What programs keep beside notes (`.obsidian`, `.git`, `.DS_Store`) is nobody's writing. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => /^\.[^.]/.test(part) || part === '__MACOSX' || part === 'Thumbs.db');
}

export function sourceOf(name: string, files: readonly SourceFile[], complete: boolean): Source {
  const shown = files.filter(({ path }) => !isHidden(path));
  return { name, files: shown, refused: [], complete, hidden: files.length - shown.length };
}

/** Several files, each at its own name. A browser tells no creation time, and of the change milliseconds. */
export function fromFile(file: File, path: string): SourceFile {
  return {
    path,
    size: file.size,
    modifiedAt: new Date(file.lastModified).toISOString(),
    open: () => Promise.resolve(file),
  };
}
