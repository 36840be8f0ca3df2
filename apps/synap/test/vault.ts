import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** A library as people have them: every kind of file, name, link and oddity once. */
export const VAULT: Readonly<Record<string, string | Buffer>> = {
  'Home.md': '# Home\n\n[[Garden]] [[Projects/Plan|the plan]] [[Diary#May]] ![[pic.png]] [[Nowhere]] [[Home]]\n',
  'Garden.md': '---\r\ntitle: The Garden\r\ntags: [outside, "#green/deep"]\r\n---\r\nSeeds. #spring  \r\n',
  'Diary.md': '\ufeff---\ntags: diary, may\n---\n## May\n`[[Garden]]`\n```\n[[Garden]] #code\n```\n',
  'Projects/Plan.md': 'See [home](../Home.md), [shed](Old%20shed.md#door) and [[Projects/Old shed]].\n',
  'Projects/Old shed.md': 'No link: https://example.org/a.md#x\n',
  'Projects/Same.md': '[[Same]]',
  'Archive/Same.md': '[[Projects/Same]] ![](../media/pic.png)',
  'Archive/deep/er/Note.md': '[[same]]',
  'media/pic.png': PNG,
  'media/doc.pdf': '%PDF-1.4\n%\u00e2\u00e3\n',
  'media/data.bin': Buffer.from([0, 1, 2, 255, 254]),
  'empty.md': '',
  'empty.txt': '',
  'Broken front matter.md': '---\ntitle: [\n---\nStill here.\n',
  'not utf8.md': Buffer.from([0x63, 0x61, 0x66, 0xe9]),
  'nul.md': 'a\0b',
  'Caf\u00e9.md': 'composed',
  'nai\u0308ve.md': 'decomposed [[Cafe\u0301]]',
  '\u65e5\u672c\u8a9e/\u30ce\u30fc\u30c8.md': '[[Home]] #\u65e5\u672c\u8a9e',
  'emoji \u{1f331}.md': '#\u{1f331}',
  'trailing spaces.md': 'line  \n\n\n   ',
  'quote \' " & <b>.md': '<script>alert(1)</script>',
  'many tags.md': Array.from({ length: 120 }, (_, index) => `#t${index}`).join(' '),
  'UPPER.MD': '[[upper]]',
  'UPPER.txt': 'x',
  'upper.txt': 'another one, in case',
};

/** Notes to what they mention, as read above with the eye. */
export const RELATIONS: Readonly<Record<string, readonly string[]>> = {
  'Home.md': ['Garden.md', 'Projects/Plan.md', 'Diary.md', 'media/pic.png'],
  'Projects/Plan.md': ['Home.md', 'Projects/Old shed.md'],
  'Archive/Same.md': ['Projects/Same.md', 'media/pic.png'],
  'Archive/deep/er/Note.md': ['Archive/Same.md'],
  'na\u00efve.md': ['Caf\u00e9.md'],
  '\u65e5\u672c\u8a9e/\u30ce\u30fc\u30c8.md': ['Home.md'],
};

/** The time of the nth file: milliseconds and all. */
export function timeOf(index: number): Date {
  return new Date(Date.UTC(2015, index % 12, 1 + (index % 28), 12, 34, 56, 100 + index));
}

export async function write(root: string, path: string, content: string | Buffer, time = new Date()): Promise<void> {
  const location = join(root, path);
  await mkdir(dirname(location), { recursive: true });
  await writeFile(location, content);
  await utimes(location, time, time);
}

export async function writeVault(root: string): Promise<void> {
  for (const [index, [path, content]] of Object.entries(VAULT).entries()) {
    await write(root, path, content, timeOf(index));
  }
}

/** What is there and is not to be imported. */
export async function writeOddities(root: string): Promise<void> {
  await write(root, '.obsidian/app.json', '{}');
  await write(root, '.trash/gone.md', 'gone');
  await write(root, '.DS_Store', 'x');
  await write(dirname(root), 'outside.md', 'a secret');
  await symlink(join(dirname(root), 'outside.md'), join(root, 'link.md'));
  await symlink(dirname(root), join(root, 'up'));
}

export interface ZipEntry {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  /** Compressed as it stands in the archive; default: stored. */
  readonly deflated?: Buffer;
  /** What the archive says, if that is not the truth. */
  readonly declared?: number;
  readonly crc?: number;
  readonly flags?: number;
  readonly mode?: number;
}

/** An archive of any entries, as no honest program writes them (PKWARE's APPNOTE 6.3.10, section 4.3). */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', deflated, declared, crc, flags = 0x800, mode = 0o100644 } of entries) {
    const plain = Buffer.from(content);
    const data = deflated ?? plain;
    const fileName = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(deflated ? 8 : 0, 4);
    common.writeUInt16LE(0x5821, 8);
    common.writeUInt32LE(crc ?? crc32(plain), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(declared ?? plain.length, 18);
    common.writeUInt16LE(fileName.length, 22);
    parts.push(Buffer.from('PK\x03\x04'), common, fileName, data);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((mode << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), common, rest, fileName);
    offset += 30 + fileName.length + data.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}
