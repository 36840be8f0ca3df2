// Runs in the browser as well: nothing here may import more than types.
import type { Checksum, EntityId } from '@synap/types';

/** A file as the importer sees it. */
export interface ListedFile {
  /** Relative to the source, `/` between the parts. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the bytes: hex, base64, or as a `Checksum`. */
  readonly sha256: string;
  /** ISO 8601. */
  readonly modifiedAt: string;
}

/** An imported entity as the server knows it (`imports.known`). */
export interface KnownFile {
  readonly entityId: EntityId;
  readonly path: string;
  /** Of the file as it was imported last. */
  readonly checksum: Checksum;
  /** Of the entity as it is now. */
  readonly entityChecksum: Checksum | null;
  readonly deleted: boolean;
}

export type ImportAction = 'unchanged' | 'create' | 'update' | 'moved' | 'conflict' | 'refused';

export interface PlannedFile {
  /** NFC. */
  readonly path: string;
  readonly action: ImportAction;
  readonly entityId?: EntityId;
  /** For `moved`: the path that it had. */
  readonly from?: string;
  readonly code?: ImportProblem;
  readonly message?: string;
}

/** Why a file is not imported. */
export type ImportProblem = 'BOTH_CHANGED' | 'DELETED_HERE' | 'PATH_REFUSED' | 'DUPLICATE_PATH';

export const IMPORT_PROBLEMS: Readonly<Record<ImportProblem, string>> = {
  BOTH_CHANGED: 'The file and the entity in Synap were both changed. Nothing was overwritten.',
  DELETED_HERE: 'It was deleted in Synap. Restore it there to import it again.',
  PATH_REFUSED: 'The path is empty, absolute, too long, or leads out of the folder.',
  DUPLICATE_PATH: 'Another file has the same path (as the same letters in another encoding).',
};

/** Bytes of a path: what the database can find again, and more than file systems make of names. */
const MAX_PATH_BYTES = 1_800;
const utf8 = new TextEncoder();

/**
 * The path under which a file is known: NFC, its case kept.
 * @returns undefined for a path that is refused: absolute, leading out of the folder, not well formed, or too long
 */
export function importPath(path: string): string | undefined {
  const normal = path.normalize('NFC');
  const parts = normal.split('/');
  const fine =
    normal.isWellFormed() &&
    !normal.includes('\0') &&
    utf8.encode(normal).length <= MAX_PATH_BYTES &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..');
  return fine ? normal : undefined;
}

/** `sha256:<base64>` of a SHA-256 in hex or base64; undefined if it is none. */
export function checksumFrom(sha256: string): Checksum | undefined {
  const text = sha256.replace(/^sha256:/, '');
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return `sha256:${text}` as Checksum;
  if (!/^[0-9a-f]{64}$/i.test(text)) return undefined;
  const bytes = text.match(/../g) ?? [];
  return `sha256:${btoa(String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16))))}` as Checksum;
}

/**
 * What an import would do with each file.
 * @param known all that the source holds, if `complete`; else at least those at the paths of the files
 * @param complete whether `files` is the whole source, so that a path which is not among them is gone and the file may
 * be found under another one
 */
export function planImport(files: readonly ListedFile[], known: Iterable<KnownFile>, complete: boolean): PlannedFile[] {
  const byPath = new Map<string, KnownFile>();
  for (const file of known) if (!byPath.has(file.path)) byPath.set(file.path, file);
  const seen = new Set<string>();
  const gone = complete ? goneFiles(files, byPath) : new Map<string, KnownFile[]>();
  return files.map((file) => {
    const path = importPath(file.path);
    const checksum = checksumFrom(file.sha256);
    if (path === undefined || checksum === undefined) return refused(file.path, 'PATH_REFUSED');
    if (seen.has(path)) return refused(file.path, 'DUPLICATE_PATH');
    seen.add(path);
    const there = byPath.get(path);
    if (there) return { path, entityId: there.entityId, ...actionFor(there, checksum) };
    const moved = gone.get(checksum)?.shift();
    if (moved) return { path, action: 'moved', entityId: moved.entityId, from: moved.path };
    return { path, action: 'create' };
  });
}

function refused(path: string, code: ImportProblem): PlannedFile {
  return { path, action: 'refused', code, message: IMPORT_PROBLEMS[code] };
}

/** What becomes of a file whose path is known. */
export function actionFor(
  known: Pick<KnownFile, 'checksum' | 'entityChecksum' | 'deleted'>,
  checksum: Checksum,
): Pick<PlannedFile, 'action' | 'code' | 'message'> {
  if (known.deleted) return conflict('DELETED_HERE');
  if (known.checksum === checksum) return { action: 'unchanged' };
  // Changed here to what the file is: an update that only tells where it comes from.
  const isSame = known.entityChecksum === checksum;
  return isSame || known.entityChecksum === known.checksum ? { action: 'update' } : conflict('BOTH_CHANGED');
}

function conflict(code: ImportProblem): Pick<PlannedFile, 'action' | 'code' | 'message'> {
  return { action: 'conflict', code, message: IMPORT_PROBLEMS[code] };
}

/** What is known and not listed, by the checksum of its file. What was deleted here is not looked for elsewhere. */
function goneFiles(files: readonly ListedFile[], known: ReadonlyMap<string, KnownFile>): Map<string, KnownFile[]> {
  const listed = new Set(files.map((file) => importPath(file.path)));
  const gone = new Map<string, KnownFile[]>();
  for (const file of known.values()) {
    if (listed.has(file.path) || file.deleted) continue;
    const same = gone.get(file.checksum);
    if (same) same.push(file);
    else gone.set(file.checksum, [file]);
  }
  return gone;
}
