import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import { expect, it } from 'vitest';
import { readZip } from '../src/import/zip.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

interface Member {
  readonly name: string;
  readonly content?: Uint8Array;
  readonly unixMode?: number;
  readonly extendedTimestamp?: boolean;
  readonly extraField?: Map<number, Uint8Array>;
}

async function zipOf(members: readonly Member[], change: (archive: Buffer) => void = () => undefined): Promise<File> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  for (const { name, content = bytes(name), ...options } of members)
    await writer.add(name, new Uint8ArrayReader(content), options);
  const archive = Buffer.from(await writer.close());
  change(archive);
  return new File([archive], 'vault.zip');
}

/** Puts other bytes of the same length in the place of a text, wherever it stands. */
function replaced(archive: Buffer, from: string, to: string): void {
  for (let at = archive.indexOf(from); at >= 0; at = archive.indexOf(from, at + 1)) archive.write(to, at);
}

const paths = (files: readonly { readonly path: string }[]) => files.map(({ path }) => path).sort();

it('keeps the paths of an archive, also those of its only folder', async () => {
  const source = await readZip(await zipOf([{ name: 'top/a.md' }, { name: 'top/sub/b.md' }, { name: 'top/.git/c' }]));
  expect(source).toMatchObject({ name: 'vault', complete: true, hidden: 1, refused: [] });
  expect(paths(source.files)).toEqual(['top/a.md', 'top/sub/b.md']);
  expect(await (await source.files[0]?.open())?.text()).toBe('top/a.md');
});

it('refuses by name what could do harm, and takes the rest', async () => {
  const names = ['_______up.md', '_____root.md', '_____drive.md', '__back.md', 'fine.md'];
  const archive = await zipOf(
    [
      ...names.map((name) => ({ name })),
      { name: 'link.md', unixMode: 0o120777 },
      { name: 'bomb.md', content: new Uint8Array(2 * 1024 * 1024) },
      { name: 'cafe\u0301.md' },
      { name: 'caf\u00e9.md' },
    ],
    (buffer) => {
      replaced(buffer, '_______up.md', 'a/../../up.md'.slice(1));
      replaced(buffer, '_____root.md', '/____root.md');
      replaced(buffer, '_____drive.md', 'C:/__drive.md');
      replaced(buffer, '__back.md', 'a\\back.md');
    },
  );
  const source = await readZip(archive);
  expect(paths(source.files)).toEqual(['caf\u00e9.md', 'fine.md']);
  expect(paths(source.refused)).toEqual(
    ['/../../up.md', '/____root.md', 'C:/__drive.md', 'a\\back.md', 'bomb.md', 'caf\u00e9.md', 'link.md'].sort(),
  );
  const why = (path: string) => source.refused.find((problem) => problem.path === path)?.message;
  expect(why('link.md')).toContain('symbolic link');
  expect(why('bomb.md')).toContain('far larger');
  expect(why('a\\back.md')).toContain('path');
});

it('refuses files that are too much together, though none is by itself', async () => {
  // Each says that it is just below what is harmless; the archive of them is a few kilobytes.
  const names = Array.from({ length: 130 }, (_, n) => `${n}.md`);
  const archive = await zipOf(
    names.map((name) => ({ name, content: bytes('x') })),
    (buffer) => {
      const header = Buffer.from('PK\x01\x02', 'latin1');
      for (let at = buffer.indexOf(header); at >= 0; at = buffer.indexOf(header, at + 1))
        buffer.writeUInt32LE(1024 * 1024, at + 24);
    },
  );
  const source = await readZip(archive);
  expect(source.refused.length).toBeGreaterThan(5);
  expect(source.files.length).toBeGreaterThan(90);
  await expect(source.files[0]?.open()).rejects.toThrow(/CRC32/);
});

it('takes a file whose time is impossible', async () => {
  // A time of Windows, in 100 nanoseconds since 1601, in the year 30,000.
  const times = new Uint8Array(32).fill(0x7f).fill(0, 0, 4);
  times.set([1, 0, 24, 0], 4);
  const odd = { name: 'odd.md', extendedTimestamp: false, extraField: new Map([[0x0a, times]]) };
  const source = await readZip(await zipOf([odd]));
  expect(source.files).toMatchObject([{ path: 'odd.md', modifiedAt: '1970-01-01T00:00:00.000Z' }]);
});
