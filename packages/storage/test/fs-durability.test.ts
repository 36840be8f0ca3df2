import { execFileSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from '../src/fs-system.ts';
import { code, errno, KEY, keysIn, openWith, temporaryRoot, withHandles } from './fs-helpers.ts';

const root = temporaryRoot();
const open = (fileSystem: Partial<FileSystem> = {}, more: { minFreeBytes?: number } = {}) =>
  openWith(root(), fileSystem, more);

describe('fs: a write that fails', () => {
  const failing = (method: 'writeFile' | 'datasync', name: string) =>
    withHandles(root(), (handle, _, flags) => {
      if (flags === 'wx') handle[method] = () => Promise.reject(errno(name));
    });

  it.each([
    ['ENOSPC', 'STORAGE_FULL'],
    ['EDQUOT', 'STORAGE_FULL'],
    ['EACCES', 'STORAGE_ACCESS_DENIED'],
    ['EPERM', 'STORAGE_ACCESS_DENIED'],
    ['EROFS', 'STORAGE_ACCESS_DENIED'],
    ['EIO', 'STORAGE_UNAVAILABLE'],
    ['EMFILE', 'STORAGE_UNAVAILABLE'],
  ] as const)('with %s is %s and leaves nothing', async (name, expected) => {
    for (const fileSystem of [
      failing('writeFile', name),
      failing('datasync', name),
      {
        mkdir: (path: string, options?: object) =>
          path.includes('users') ? Promise.reject(errno(name)) : nodeFileSystem.mkdir(path, options),
      } as Partial<FileSystem>,
      // EPERM from `link` alone means that there are no hard links.
      { link: () => Promise.reject(errno(name)), rename: () => Promise.reject(errno(name)) },
    ]) {
      const storage = await open(fileSystem);
      await expect(storage.upload(KEY, 'x')).rejects.toEqual(code(expected));
      await expect(storage.uploadStream(KEY, ReadableStream.from([Buffer.from('x')]))).rejects.toEqual(code(expected));
      expect(await readdir(join(root(), '.tmp'))).toEqual([]);
      expect(await keysIn(storage)).toEqual([]);
      expect(await storage.exists(KEY)).toBe(false);
    }
  });

  it('keeps its cause', async () => {
    const storage = await open(failing('datasync', 'EIO'));
    await expect(storage.upload(KEY, 'x')).rejects.toMatchObject({ cause: { code: 'EIO' }, details: { errno: 'EIO' } });
  });

  it('is not acknowledged when the folder cannot be synced', async () => {
    const storage = await open(
      withHandles(root(), (handle, path) => {
        if (path === '/users/u/notes/e') handle.sync = () => Promise.reject(errno('EIO'));
      }),
    );
    await expect(storage.upload(KEY, 'x')).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
    expect(await readdir(join(root(), '.tmp'))).toEqual([]);
  });

  it('tells of the first failure when the temporary file cannot be removed either', async () => {
    const storage = await open({ ...failing('datasync', 'ENOSPC'), rm: () => Promise.reject(errno('EIO')) });
    const { cause } = await storage.upload(KEY, 'x').catch((error) => {
      expect(error).toEqual(code('STORAGE_FULL'));
      return error;
    });
    expect(cause).toBeInstanceOf(AggregateError);
  });
});

describe('fs: the order of things', () => {
  /** What was made durable or visible, in order. */
  async function traced() {
    const trace: string[] = [];
    const inRoot = (path: unknown) =>
      String(path)
        .slice(root().length)
        .replace(/^\/\.tmp\/.*/, 'tmp') || '/';
    const storage = await open({
      open: async (path, flags, mode) => {
        const handle = await nodeFileSystem.open(path, flags, mode);
        const { sync, datasync } = handle;
        handle.sync = async () => {
          await sync.call(handle);
          trace.push(`sync ${inRoot(path)}`);
        };
        handle.datasync = async () => {
          await datasync.call(handle);
          trace.push(`datasync ${inRoot(path)}`);
        };
        return handle;
      },
      link: async (from, to) => {
        await nodeFileSystem.link(from, to);
        trace.push(`link ${inRoot(to)}`);
      },
      rename: async (from, to) => {
        await nodeFileSystem.rename(from, to);
        trace.push(inRoot(to).startsWith('/.meta/') ? 'rename sidecar' : `rename ${inRoot(to)}`);
      },
    });
    return { storage, trace };
  }
  const ancestors = ['sync /', 'sync /users', 'sync /users/u', 'sync /users/u/notes'];

  it('makes the content and the folders, then the entry durable before it answers', async () => {
    const { storage, trace } = await traced();
    trace.length = 0;
    await storage.upload(KEY, 'x');
    // The content and the folders do not depend on each other; the entry does on both.
    expect(trace.slice(-2)).toEqual([`link /${KEY}`, 'sync /users/u/notes/e']);
    expect(new Set(trace.slice(0, -2))).toEqual(new Set(['datasync tmp', ...ancestors]));
    expect(trace.filter((line) => line.startsWith('sync'))).toEqual([...ancestors, 'sync /users/u/notes/e']);
    trace.length = 0;
    await storage.upload('users/u/notes/e/r2.md', 'x');
    expect(trace).toEqual(['datasync tmp', 'link /users/u/notes/e/r2.md', 'sync /users/u/notes/e']);
  });

  it('does not trust folders that another process made', async () => {
    await (await open()).upload(KEY, 'x');
    const { storage, trace } = await traced();
    trace.length = 0;
    await storage.upload('users/u/notes/e/r2.md', 'x');
    expect(trace.filter((line) => line.startsWith('sync'))).toEqual([...ancestors, 'sync /users/u/notes/e']);
  });

  it('has the sidecar durable before the object is there', async () => {
    const { storage, trace } = await traced();
    await storage.upload(KEY, 'x', { metadata: { a: 'b' } });
    const sidecar = trace.indexOf('rename sidecar');
    expect(trace[sidecar - 1]).toBe('datasync tmp');
    expect(trace[sidecar + 1]).toMatch(/^sync \/\.meta\/[0-9a-f]{2}$/);
    expect(trace[sidecar + 2]).toBe(`link /${KEY}`);
  });

  it('makes a deletion durable, also one that somebody else began', async () => {
    const { storage, trace } = await traced();
    await storage.upload(KEY, 'x');
    for (let round = 0; round < 2; round++) {
      trace.length = 0;
      await storage.delete(KEY);
      expect(trace).toEqual(['sync /users/u/notes/e']);
    }
  });

  it('lets two uploads into one new folder both wait until the folder is durable', async () => {
    let release = () => {};
    const gate = new Promise<void>((done) => {
      release = done;
    });
    const storage = await open(
      withHandles(root(), (handle, path) => {
        const { sync } = handle;
        if (path === '/users/u/notes') handle.sync = () => gate.then(() => sync.call(handle));
      }),
    );
    let answered = 0;
    const both = Promise.all(
      ['a', 'b'].map(async (name) => {
        await storage.upload(`users/u/notes/e/${name}.md`, name);
        answered++;
      }),
    );
    await expect.poll(() => stat(join(root(), 'users/u/notes/e')).then((stats) => stats.isDirectory())).toBe(true);
    await new Promise((done) => setTimeout(done, 50));
    expect(answered).toBe(0);
    release();
    await both;
    expect(answered).toBe(2);
  });

  it('tries again to make a folder durable after that has failed', async () => {
    let broken = true;
    const storage = await open(
      withHandles(root(), (handle, path) => {
        if (path === '/users/u' && broken) handle.sync = () => Promise.reject(errno('EIO'));
      }),
    );
    await expect(storage.upload(KEY, 'x')).rejects.toEqual(code('STORAGE_UNAVAILABLE'));
    broken = false;
    await storage.upload(KEY, 'x');
    expect(await storage.download(KEY)).toBe('x');
  });
});

describe('fs: room on the disk', () => {
  const statfsOf = (free: () => number): Partial<FileSystem> => ({
    statfs: (async () => ({ bavail: free(), bsize: 1 })) as unknown as FileSystem['statfs'],
  });

  it('is kept: 64 MiB unless told otherwise', async () => {
    const storage = await open(statfsOf(() => 64 * 1024 * 1024 + 3));
    await storage.upload('a', 'abc');
    await expect(storage.upload('b', 'd')).rejects.toEqual(code('STORAGE_FULL'));
    expect(await keysIn(storage)).toEqual(['a']);
    expect(await storage.download('a')).toBe('abc');
    expect(await readdir(join(root(), '.tmp'))).toEqual([]);
  });

  it('is looked at now and then, not for each write', async () => {
    let looks = 0;
    let free = 1_000_000;
    const storage = await open(
      statfsOf(() => {
        looks++;
        return free;
      }),
      { minFreeBytes: 100 },
    );
    const began = performance.now();
    await Promise.all(Array.from({ length: 20 }, (_, index) => storage.upload(`k${index}`, 'x')));
    expect(looks).toBeLessThanOrEqual(1 + (performance.now() - began) / 250);
    free = 0;
    await new Promise((done) => setTimeout(done, 300));
    await expect(storage.upload('full', 'x')).rejects.toEqual(code('STORAGE_FULL'));
    free = 1_000_000;
    await new Promise((done) => setTimeout(done, 300));
    await storage.upload('full', 'x');
  });

  /** Needs root() on Linux, and the right to mount. */
  function mounted(): boolean {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
    try {
      execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', tmpdir()], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }

  it.runIf(mounted())(
    'runs out on a real small disk (only where this test may mount one: root() on Linux)',
    async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', root()]);
      try {
        const storage = await open({}, { minFreeBytes: 0 });
        await storage.upload('small', 'fits');
        await expect(storage.upload('large', Buffer.alloc(2 * 1024 * 1024))).rejects.toEqual(code('STORAGE_FULL'));
        expect(await readdir(join(root(), '.tmp'))).toEqual([]);
        expect(await storage.download('small')).toBe('fits');
        await storage.upload('after', Buffer.alloc(512 * 1024));
        await expect((await open()).upload('more', 'x')).rejects.toEqual(code('STORAGE_FULL'));
        expect(await keysIn(storage)).toEqual(['after', 'small']);
      } finally {
        execFileSync('umount', [root()]);
      }
    },
  );
});
