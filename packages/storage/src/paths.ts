import { isSynapError, type StorageKey, SynapError, storageKey } from '@synap/types';
import type { PathParts } from './port.ts';

/** `md`, `tar.gz`, `x-note`: letters and digits, with single dots, dashes or underscores between them. */
const EXTENSION = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;

/** One part of a path: a name, never a path of its own. */
function part(value: string): string {
  if (value.includes('/')) throw new SynapError('INVALID_STORAGE_KEY', 'A part of a storage key cannot contain "/".');
  return storageKey(value);
}

/**
 * `users/<userId>/<type>s/<entityId>/<revisionId>.<ext>`, or with no revision `users/<userId>/<type>s/<entityId>.<ext>`.
 * @throws {SynapError} `INVALID_STORAGE_KEY`
 */
export function buildPath({ userId, type, entityId, revisionId, extension = 'md' }: PathParts): StorageKey {
  if (!EXTENSION.test(extension)) throw new SynapError('INVALID_STORAGE_KEY', 'That is not a valid file extension.');
  const folder = `users/${part(userId)}/${part(`${type}s`)}/${part(entityId)}`;
  return storageKey(revisionId === undefined ? `${folder}.${extension}` : `${folder}/${part(revisionId)}.${extension}`);
}

export function isStorageKey(value: string): value is StorageKey {
  try {
    storageKey(value);
    return true;
  } catch (error) {
    if (isSynapError(error, 'INVALID_STORAGE_KEY')) return false;
    throw error;
  }
}

/**
 * True if a storage key can begin with `prefix`. A listing of any other prefix (`../`, `a//b`, `.tmp/`) is empty by
 * definition, so the store need not be asked, and cannot be led astray.
 */
export function canBeginKey(prefix: string): boolean {
  return isStorageKey(prefix) || isStorageKey(`${prefix}x`);
}

/** The key as the path of a URL, each part percent-encoded. */
export function encodeKey(key: StorageKey): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

/** Where Synap's own server serves files, below the address it is reached under. */
export const FILES_PATH = '/files/';

/** The path under which the API serves the object to who may read it; the same for every driver. */
export function fileUrl(key: StorageKey): string {
  return FILES_PATH + encodeKey(key);
}
