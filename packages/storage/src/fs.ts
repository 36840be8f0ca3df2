import { createHash, randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { type Checksum, checksumOf, isSynapError, type StorageKey, SynapError, storageKey } from '@synap/types';
import {
  alreadyExists,
  bytesOf,
  checksumOfHash,
  gather,
  notFound,
  rangeBehindEnd,
  streamTooLarge,
  textOf,
  validateExpiry,
  validateRange,
  verifyBytes,
  verifyStream,
} from './content.ts';
import { DurableFolders, linkRefused } from './durable-folders.ts';
import { FolderSync } from './folder-sync.ts';
import { FreeSpace } from './free-space.ts';
import { listFolder } from './fs-list.ts';
import { prepareRoot, TMP_FOLDER } from './fs-root.ts';
import { needsSidecar, Sidecars } from './fs-sidecar.ts';
import { errnoOf, type FileSystem, fsError, fsyncFolder, ifPresent, io, nodeFileSystem } from './fs-system.ts';
import { KeyLock } from './key-lock.ts';
import { type Media, mediaOf } from './media.ts';
import { buildPath, canBeginKey, fileUrl } from './paths.ts';
import type {
  ByteRange,
  DownloadOptions,
  FileMetadata,
  ObjectListing,
  ObjectMetadata,
  ObjectStorage,
  PathParts,
  SignedUrlOptions,
  StreamOptions,
  UploadOptions,
} from './port.ts';
import { signUrl, validateSecret } from './signed-url.ts';

export interface FsStorageOptions {
  /** The folder of the objects; made if it is not there. One process at a time may write to it. */
  readonly root: string;
  /**
   * Where the server that serves `/files/…` is reached, without a slash at the end. A function if that is known only
   * once the server listens. Needed for signed URLs only.
   */
  readonly baseUrl?: string | (() => string);
  /** Signs URLs; 16 bytes at least, and the same for the server that verifies. Needed for signed URLs only. */
  readonly signingSecret?: string;
  /** Writing is refused while less than this is free, in bytes. 64 MiB if absent; 0 to use the disk up. */
  readonly minFreeBytes?: number;
  /** Another file system than the real one, for tests that make it fail. */
  readonly fileSystem?: FileSystem;
}

const MIN_FREE_BYTES = 64 * 1024 * 1024;
/** What an object of R2 or S3 can have in one put, so that a library can move there. */
const MAX_STREAM_BYTES = 5 * 1024 ** 3;
/** What is read at once. */
const CHUNK_BYTES = 256 * 1024;
/** What is gathered of a stream before it is written, since each write waits for another thread. */
const GATHER_BYTES = 512 * 1024;
const WHOLE: ByteRange = { start: 0, end: Number.MAX_SAFE_INTEGER };

/** What `link` answers where there are no hard links: FAT says EPERM, others that they cannot. */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Resolves with both results, or fails with a failure of theirs, but never before both are over. */
async function settled<One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}

interface Written {
  readonly size: number;
  readonly checksum: Checksum;
}

/**
 * Keeps objects as files: `<root>/<key>`. A write goes to a file of its own in `<root>/.tmp`, is synced there, and is
 * published by a hard link, which never replaces what is there; then the folder is synced.
 *
 * Two things a file system cannot do as S3 does: no key can be a folder of another (`a` and `a/b`; the second is
 * `INVALID_STORAGE_KEY`), and where names differ in case only (macOS, Windows) the second is `OBJECT_EXISTS`. No key
 * that `buildPath` makes meets either.
 */
export class FsStorage implements ObjectStorage {
  readonly kind = 'fs';
  readonly maxStreamBytes = MAX_STREAM_BYTES;
  readonly #root: string;
  readonly #tmpFolder: string;
  readonly #options: FsStorageOptions;
  readonly #fileSystem: FileSystem;
  readonly #folderSync: FolderSync;
  readonly #folders: DurableFolders;
  readonly #sidecars: Sidecars;
  readonly #freeSpace: FreeSpace;
  readonly #locks = new KeyLock();

  private constructor(root: string, options: FsStorageOptions, fileSystem: FileSystem) {
    this.#root = root;
    this.#tmpFolder = join(root, TMP_FOLDER);
    this.#options = options;
    this.#fileSystem = fileSystem;
    this.#folderSync = new FolderSync((folder) => fsyncFolder(fileSystem, folder));
    this.#folders = new DurableFolders(root, fileSystem, this.#folderSync);
    this.#sidecars = new Sidecars(root, this.#tmpFolder, fileSystem, this.#folders, this.#folderSync);
    this.#freeSpace = new FreeSpace(fileSystem, root, options.minFreeBytes ?? MIN_FREE_BYTES);
  }

  /**
   * Makes the root durable and removes what uploads that were killed left behind more than a day ago.
   * @throws {SynapError} `CONFIGURATION_INVALID`, `STORAGE_ACCESS_DENIED`, `STORAGE_UNAVAILABLE`, `STORAGE_FULL`
   */
  static async open(options: FsStorageOptions): Promise<FsStorage> {
    const { root, signingSecret, fileSystem = nodeFileSystem } = options;
    if (root === '') throw new SynapError('CONFIGURATION_INVALID', 'The storage needs the path of a folder.');
    if (signingSecret !== undefined) validateSecret(signingSecret);
    return new FsStorage(await io(() => prepareRoot(fileSystem, resolve(root))), options, fileSystem);
  }

  async upload(key: string, content: string | Uint8Array, options?: UploadOptions): Promise<FileMetadata> {
    const bytes = bytesOf(content);
    return this.#write(storageKey(key), mediaOf(key, options), async (handle) => {
      await io(async () => {
        await this.#freeSpace.take(bytes.length);
        await handle.writeFile(bytes);
      });
      return { size: bytes.length, checksum: checksumOf(bytes) };
    });
  }

  async uploadStream(key: string, content: AsyncIterable<Uint8Array>, options?: UploadOptions): Promise<FileMetadata> {
    return this.#write(storageKey(key), mediaOf(key, options), async (handle) => {
      const hash = createHash('sha256');
      let size = 0;
      // Not inside `io`: what the source throws is the source's own.
      for await (const chunk of gather(content, GATHER_BYTES)) {
        hash.update(chunk);
        size += chunk.length;
        if (size > MAX_STREAM_BYTES) throw streamTooLarge(MAX_STREAM_BYTES);
        await io(async () => {
          await this.#freeSpace.take(chunk.length);
          await handle.writeFile(chunk);
        });
      }
      return { size, checksum: checksumOfHash(hash) };
    });
  }

  async download(key: string, options?: DownloadOptions): Promise<string> {
    return textOf(key, await this.downloadBuffer(key, options));
  }

  async downloadBuffer(key: string, options?: DownloadOptions): Promise<Buffer> {
    const found = storageKey(key);
    const bytes = await io(async () => {
      await using handle = await this.#openObject(found);
      return await handle.readFile();
    });
    verifyBytes(key, bytes, options?.checksum);
    return bytes;
  }

  async downloadStream(key: string, options: StreamOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const found = storageKey(key);
    const range = validateRange(options);
    const stats = (await io(() => this.#find(found))) ?? notFound(key);
    if (range && range.start >= stats.size) rangeBehindEnd();
    return verifyStream(key, this.#chunks(found, range), options.checksum);
  }

  async delete(key: string): Promise<void> {
    const found = storageKey(key);
    const path = this.#pathOf(found);
    await io(() =>
      this.#locks.run(found, async () => {
        if (await this.#find(found)) await ifPresent(() => this.#fileSystem.unlink(path));
        // Also if it is gone already: whoever removed it may have died before this.
        await ifPresent(() => this.#folderSync.sync(dirname(path)));
        await this.#sidecars.remove(found);
      }),
    );
  }

  async exists(key: string): Promise<boolean> {
    const found = storageKey(key);
    return (await io(() => this.#find(found))) !== undefined;
  }

  async getMetadata(key: string): Promise<ObjectMetadata> {
    const found = storageKey(key);
    return io(async () => {
      const stats = (await this.#find(found)) ?? notFound(key);
      return { size: stats.size, lastModified: stats.mtime, ...(await this.#sidecars.read(found)) };
    });
  }

  async *list(prefix = ''): AsyncGenerator<ObjectListing> {
    if (!canBeginKey(prefix)) return;
    try {
      await this.#assertRoot();
      await this.#assertInside(join(this.#root, prefix.slice(0, prefix.lastIndexOf('/') + 1)));
      yield* listFolder(this.#fileSystem, this.#root, prefix);
    } catch (error) {
      throw fsError(error);
    }
  }

  async getSignedUrl(key: string, expiresIn = 3600, answer: SignedUrlOptions = {}): Promise<string> {
    const { baseUrl, signingSecret: secret } = this.#options;
    const found = storageKey(key);
    const expires = Math.floor(Date.now() / 1000) + validateExpiry(expiresIn);
    if (baseUrl === undefined || secret === undefined) {
      throw new SynapError('CONFIGURATION_INVALID', 'Signed addresses need a base URL and a signing secret.');
    }
    if (!(await io(() => this.#find(found)))) notFound(key);
    const base = typeof baseUrl === 'string' ? baseUrl : baseUrl();
    return signUrl({ baseUrl: base, key: found, secret, expires, answer });
  }

  buildPath(parts: PathParts): StorageKey {
    return buildPath(parts);
  }

  /** There is nothing to let go of: no file stays open between calls. */
  async close(): Promise<void> {}

  async #write(key: StorageKey, media: Media, fill: (handle: FileHandle) => Promise<Written>): Promise<FileMetadata> {
    const tmp = join(this.#tmpFolder, randomUUID());
    // The folder becomes durable while the content does: two waits for the disk that do not depend on each other.
    const folder = io(() => this.#folders.ensure(dirname(this.#pathOf(key))));
    try {
      const [written, isNew] = await settled(this.#writeTmp(tmp, fill), folder);
      await io(() => this.#locks.run(key, () => this.#publish(key, tmp, media, isNew)));
      return { url: fileUrl(key), path: key, ...written, uploadedAt: new Date() };
    } catch (error) {
      await this.#removeTmp(tmp, error);
      throw error;
    }
  }

  async #writeTmp(tmp: string, fill: (handle: FileHandle) => Promise<Written>): Promise<Written> {
    const handle = await io(() => this.#fileSystem.open(tmp, 'wx', 0o600));
    try {
      const written = await fill(handle);
      await io(() => handle.datasync());
      return written;
    } finally {
      await io(() => handle.close());
    }
  }

  async #removeTmp(tmp: string, cause: unknown): Promise<void> {
    try {
      await this.#fileSystem.rm(tmp, { force: true });
    } catch (error) {
      // A start a day later removes it. The code of the first failure is what the caller can act upon.
      const both = new AggregateError(
        [cause, error],
        'An upload failed, and so did the removal of its temporary file.',
      );
      const first = isSynapError(cause) ? cause : fsError(cause);
      throw new SynapError(first.code, first.message, { details: first.details, cause: both });
    }
  }

  /** Under the lock of the key, so that no other upload replaces the sidecar of this one. */
  async #publish(key: StorageKey, tmp: string, media: Media, isNewFolder: boolean): Promise<void> {
    const final = this.#pathOf(key);
    const folder = dirname(final);
    // In a folder that this upload made there is nothing to look out for but an upload of the same key that came before
    // it: the link refuses that, but a sidecar would be replaced. And every look costs its share of a second.
    const isPlain = isNewFolder && !needsSidecar(key, media);
    if (!isPlain) {
      await this.#assertInside(folder);
      await this.#assertFree(key);
    }
    await this.#sidecars.prepare(key, media, !isPlain);
    try {
      await this.#link(key, tmp, final);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // Somebody removed the folder that we knew. Once is enough: who keeps removing it is no accident.
      this.#folders.forget(folder);
      await this.#folders.ensure(folder);
      await this.#link(key, tmp, final);
    }
    await this.#folderSync.sync(folder);
  }

  async #link(key: StorageKey, tmp: string, final: string): Promise<void> {
    try {
      await this.#fileSystem.link(tmp, final);
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (errno === 'EEXIST') alreadyExists(key, error);
      if (!NO_HARD_LINKS.has(errno)) throw error;
      // Without hard links nothing is atomic and refuses to replace; the lock of the key has to do.
      await this.#assertFree(key);
      await this.#fileSystem.rename(tmp, final);
      return;
    }
    await this.#fileSystem.unlink(tmp);
  }

  async #assertFree(key: StorageKey): Promise<void> {
    const stats = await ifPresent(() => this.#fileSystem.lstat(this.#pathOf(key)));
    if (!stats) return;
    if (!stats.isDirectory()) alreadyExists(key);
    throw new SynapError('INVALID_STORAGE_KEY', 'This key is a part of the keys of other objects.');
  }

  /** The object's file; undefined if there is none. A link or the like in its place is refused, not "missing". */
  async #find(key: StorageKey): Promise<Stats | undefined> {
    const path = this.#pathOf(key);
    await this.#assertInside(dirname(path));
    const stats = await ifPresent(() => this.#fileSystem.lstat(path));
    if (stats?.isFile()) return stats;
    if (stats && !stats.isDirectory()) throw linkRefused(path);
    await this.#assertRoot();
    return undefined;
  }

  async #openObject(key: StorageKey): Promise<FileHandle> {
    if (!(await this.#find(key))) notFound(key);
    // Windows has no O_NOFOLLOW; there `#find` alone has to do.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
    return (await ifPresent(() => this.#fileSystem.open(this.#pathOf(key), flags))) ?? notFound(key);
  }

  async *#chunks(key: StorageKey, { start, end }: ByteRange = WHOLE): AsyncGenerator<Uint8Array> {
    const handle = await io(() => this.#openObject(key));
    try {
      for (let position = start; position <= end; ) {
        const length = Math.min(CHUNK_BYTES, end - position + 1);
        const { bytesRead, buffer } = await io(() => handle.read(Buffer.allocUnsafe(length), 0, length, position));
        if (bytesRead === 0) return;
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await io(() => handle.close());
    }
  }

  #pathOf(key: StorageKey): string {
    return join(this.#root, key);
  }

  /** Follows no symbolic link on the way to an object out of the root. */
  async #assertInside(folder: string): Promise<void> {
    const real = await ifPresent(() => this.#fileSystem.realpath(folder));
    if (real !== undefined && real !== this.#root && !`${real}${sep}`.startsWith(`${this.#root}${sep}`)) {
      throw linkRefused(folder);
    }
  }

  /** An object is missing only if the root is there: a disk that is not mounted has lost nothing. */
  async #assertRoot(): Promise<void> {
    if (await ifPresent(() => this.#fileSystem.lstat(this.#tmpFolder))) return;
    throw new SynapError('STORAGE_UNAVAILABLE', 'The storage folder is gone. Is its disk mounted?');
  }
}
