import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from '../src/fs-system.ts';
import { FsStorage } from '../src/index.ts';
import { code, errno, KEY, keysIn, openWith, temporaryRoot } from './fs-helpers.ts';

const root = temporaryRoot();
const open = (fileSystem: Partial<FileSystem> = {}, more: { minFreeBytes?: number } = {}) =>
  openWith(root(), fileSystem, more);

describe('fs: leftovers', () => {
  it('of uploads that were killed are not listed, and go after a day', async () => {
    const storage = await open();
    await storage.upload(KEY, 'x');
    const [old, young] = [join(root(), '.tmp/old'), join(root(), '.tmp/young')];
    await writeFile(old, 'x');
    await writeFile(young, 'x');
    const dayAgo = Date.now() / 1000 - 24 * 3600 - 60;
    await utimes(old, dayAgo, dayAgo);
    expect(await keysIn(storage)).toEqual([KEY]);
    await open();
    expect(await readdir(join(root(), '.tmp'))).toEqual(['young']);
  });

  it('of a sidecar without its object mean nothing', async () => {
    const killed = await open({ link: () => Promise.reject(errno('EIO')) });
    await expect(killed.upload(KEY, 'x', { metadata: { stale: 'yes' } })).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
    const storage = await open();
    await expect(storage.getMetadata(KEY)).rejects.toEqual(code('OBJECT_NOT_FOUND'));
    await storage.upload(KEY, 'x');
    expect(await storage.getMetadata(KEY)).toMatchObject({ metadata: {} });
  });

  it('of a foreign hand are not listed', async () => {
    const storage = await open();
    await mkdir(join(root(), '.hidden'));
    await writeFile(join(root(), '.hidden/x'), '');
    await writeFile(join(root(), '.DS_Store'), '');
    await writeFile(join(root(), 'a:b'), '');
    expect(await keysIn(storage)).toEqual([]);
  });
});

describe('fs: sidecars', () => {
  const sidecars = async () => {
    const all = await readdir(join(root(), '.meta'), { recursive: true, withFileTypes: true });
    return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  };

  it('are written only for what the extension does not say, and go with their object', async () => {
    const storage = await open();
    await storage.upload(KEY, 'x', { contentType: 'text/markdown; charset=utf-8', metadata: {} });
    expect(await sidecars()).toEqual([]);
    await storage.upload('a/b.md', 'x', { contentType: 'text/plain' });
    const [path = ''] = await sidecars();
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      key: 'a/b.md',
      contentType: 'text/plain',
      metadata: {},
    });
    await storage.delete('a/b.md');
    expect(await sidecars()).toEqual([]);
  });

  it.each([
    '',
    '{}',
    '[]',
    'null',
    '{"key":"other","contentType":"a/b","metadata":{}}',
    '{"key":1',
    '{"key":"a","contentType":"a/b","metadata":{"a":1}}',
  ])('are not believed when they are damaged: %s', async (json) => {
    const storage = await open();
    await storage.upload('a', 'x', { metadata: { a: 'b' } });
    const [path = ''] = await sidecars();
    await writeFile(path, json);
    await expect(storage.getMetadata('a')).rejects.toEqual(code('CHECKSUM_MISMATCH'));
    expect(await storage.download('a')).toBe('x');
  });
});

describe('fs: without hard links', () => {
  it.each(['EPERM', 'ENOTSUP', 'ENOSYS'])('(%s) still refuses to overwrite', async (name) => {
    const storage = await open({ link: () => Promise.reject(errno(name)) });
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map((content) => storage.upload(KEY, content)));
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    for (const [index, result] of results.entries()) {
      if (index !== winner) expect(result).toEqual({ status: 'rejected', reason: code('OBJECT_EXISTS') });
    }
    expect(await storage.download(KEY)).toBe('abcd'[winner]);
    await expect(storage.upload(KEY, 'e')).rejects.toEqual(code('OBJECT_EXISTS'));
    expect(await readdir(join(root(), '.tmp'))).toEqual([]);
  });
});

describe('fs: symbolic links', () => {
  let outside: string;

  beforeEach(async () => {
    outside = await mkdtemp(join(tmpdir(), 'synap-outside-'));
    await writeFile(join(outside, 'secret.md'), 'secret');
  });
  afterEach(() => rm(outside, { recursive: true }));

  it('in the place of an object are not followed, nor called missing', async () => {
    const storage = await open();
    await symlink(join(outside, 'secret.md'), join(root(), 'link.md'));
    await symlink(join(outside, 'nothing.md'), join(root(), 'dangling.md'));
    for (const key of ['link.md', 'dangling.md']) {
      await expect(storage.download(key)).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
      await expect(storage.downloadStream(key)).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
      await expect(storage.exists(key)).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
      await expect(storage.upload(key, 'x')).rejects.toEqual(code('OBJECT_EXISTS'));
      await expect(storage.delete(key)).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
    }
    expect(await keysIn(storage)).toEqual([]);
    expect(await readFile(join(outside, 'secret.md'), 'utf8')).toBe('secret');
  });

  it('put there between looking and opening are not followed', async () => {
    await symlink(join(outside, 'secret.md'), join(root(), 'link.md'));
    await writeFile(join(root(), 'real.md'), 'real');
    const storage = await open({
      lstat: ((path: string) => nodeFileSystem.lstat(path.replace('link.md', 'real.md'))) as FileSystem['lstat'],
    });
    await expect(storage.download('link.md')).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
  });

  it('in the place of a folder lead nowhere', async () => {
    const storage = await open();
    await symlink(outside, join(root(), 'folder'));
    await expect(storage.download('folder/secret.md')).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
    await expect(storage.delete('folder/secret.md')).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
    await expect(storage.upload('folder/new.md', 'x')).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
    await expect(storage.upload('folder/deep/new.md', 'x')).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
    await expect(storage.list('folder/').next()).rejects.toEqual(code('STORAGE_ACCESS_DENIED'));
    expect(await keysIn(storage)).toEqual([]);
    expect(await readdir(outside)).toEqual(['secret.md']);
  });

  it('may be the root() itself', async () => {
    const link = join(outside, 'root');
    await symlink(root(), link);
    const storage = await FsStorage.open({ root: link });
    await storage.upload(KEY, 'x');
    expect(await storage.download(KEY)).toBe('x');
  });
});

describe('fs: folders', () => {
  it('that are gone with the root() make the store unavailable, not its objects missing', async () => {
    const storage = await open();
    await storage.upload(KEY, 'x');
    await rename(root(), `${root()}-gone`);
    for (const broken of [
      () => storage.download(KEY),
      () => storage.exists(KEY),
      () => storage.getMetadata(KEY),
      () => storage.delete(KEY),
      () => storage.upload('a', 'x'),
      () => storage.list().next(),
    ]) {
      await expect(broken()).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
    }
    await rename(`${root()}-gone`, root());
    expect(await storage.download(KEY)).toBe('x');
  });

  it('that somebody removed are made again', async () => {
    const storage = await open();
    await storage.upload(KEY, 'x');
    await rm(join(root(), 'users'), { recursive: true });
    await storage.upload(KEY, 'again');
    expect(await storage.download(KEY)).toBe('again');
  });

  it('cannot have the name of an object', async () => {
    const storage = await open();
    await storage.upload('a', 'x');
    await storage.upload('b/c', 'x');
    await expect(storage.upload('a/b', 'x')).rejects.toEqual(code('INVALID_STORAGE_KEY'));
    await expect(storage.upload('b', 'x')).rejects.toEqual(code('INVALID_STORAGE_KEY'));
    expect(await keysIn(storage)).toEqual(['a', 'b/c']);
    expect(await readdir(join(root(), '.tmp'))).toEqual([]);
  });

  it('of the root() are made, closed to others', async () => {
    const deep = join(root(), 'a/b/c');
    const storage = await FsStorage.open({ root: deep });
    await storage.upload(KEY, 'x');
    expect((await stat(join(root(), 'a'))).mode & 0o077).toBe(0);
    expect((await stat(join(deep, KEY))).mode & 0o077).toBe(0);
  });

  it('cannot be opened where a file stands', async () => {
    await writeFile(join(root(), 'file'), '');
    await expect(FsStorage.open({ root: join(root(), 'file') })).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
  });
});

describe('fs: options', () => {
  it('are checked', async () => {
    await expect(FsStorage.open({ root: '' })).rejects.toEqual(code('CONFIGURATION_INVALID'));
    await expect(FsStorage.open({ root: root(), signingSecret: 'short' })).rejects.toEqual(
      code('CONFIGURATION_INVALID'),
    );
  });

  it('for signed URLs are needed only for these', async () => {
    const storage = await open();
    await storage.upload(KEY, 'x');
    await expect(storage.getSignedUrl(KEY)).rejects.toEqual(code('CONFIGURATION_INVALID'));
  });
});
