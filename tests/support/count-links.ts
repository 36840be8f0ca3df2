import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * The pairs of a note and a file that it links to, found by another way than Synap's: code is cut out with regular
 * expressions, links are matched with regular expressions, and files are looked up in a plain list. Slow, and easy to
 * follow.
 * @returns `note -> target` for each pair, sorted
 */
export async function countLinks(root: string): Promise<string[]> {
  const files = (await filesBelow(root)).map((path) => path.normalize('NFC'));
  const lower = new Map(files.map((path) => [path.toLowerCase(), path]));
  const pairs = new Set<string>();
  const anywheres = new Map<string, string | undefined>();
  for (const note of files.filter((path) => /\.(md|markdown)$/i.test(path))) {
    const text = withoutCode((await readFile(join(root, note))).toString());
    for (const match of text.matchAll(/\[\[([^[\]\n]+?)\]\]/g)) {
      follow(note, (match[1] ?? '').split(/\\?\||#/)[0]?.trim() ?? '', ['', folderOf(note)]);
    }
    for (const match of text.matchAll(
      /\]\((?:<([^<>\n]*)>|((?:[^()\s]|\([^()\s]*\))*))(?:\s+["'][^"'\n]*["'])?\s*\)/g,
    )) {
      const target = match[1] ?? match[2] ?? '';
      if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) continue;
      follow(note, decoded(target.split('#')[0] ?? ''), [folderOf(note), '']);
    }
  }
  return [...pairs].toSorted();

  function follow(note: string, target: string, folders: readonly string[]): void {
    const wanted = target.normalize('NFC').toLowerCase();
    if (wanted === '') return;
    const found =
      folders.map((folder) => exact(`${folder}${wanted}`)).find((path) => path !== undefined) ?? anywhere(wanted);
    if (found !== undefined && found !== note) pairs.add(`${note} -> ${found}`);
  }

  function exact(written: string): string | undefined {
    const path = new URL(`file:///${written.split('/').map(encodeURIComponent).join('/')}`).pathname.slice(1);
    const plain = path.split('/').map(decodeURIComponent).join('/');
    const [first, second] = /\.[a-z0-9]{1,10}$/.test(plain) ? [plain, `${plain}.md`] : [`${plain}.md`, plain];
    return lower.get(first) ?? lower.get(second);
  }

  function anywhere(wanted: string): string | undefined {
    if (!anywheres.has(wanted)) anywheres.set(wanted, search(wanted));
    return anywheres.get(wanted);
  }

  function search(wanted: string): string | undefined {
    if (wanted.startsWith('.')) return undefined;
    const ends = [`/${wanted.replace(/^\/+/, '')}.md`, `/${wanted.replace(/^\/+/, '')}`];
    const fitting = files.filter((path) => ends.some((end) => `/${path.toLowerCase()}`.endsWith(end)));
    const depth = (path: string) => path.split('/').length;
    return fitting.toSorted((a, b) => depth(a) - depth(b) || (a.toLowerCase() < b.toLowerCase() ? -1 : 1))[0];
  }
}

function withoutCode(text: string): string {
  return text
    .replace(
      /^[\t >]*(?:[-*+]\s+|\d+[.)]\s+)*(`{3,}|~{3,})[^`\n]*\n[\s\S]*?(?:^[\t >]*\1[`~]*[\t ]*\r?$|$(?![\s\S]))/gm,
      '\n',
    )
    .replace(/(?<!`)(`+)(?!`)((?:(?!\n\s*\n)[\s\S])*?)(?<!`)\1(?!`)/g, ' ');
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1).toLowerCase();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Files as an import takes them: nothing hidden, no links. Relative, `/` between the parts. */
export async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !path.split('/').some((part) => part.startsWith('.')));
}
