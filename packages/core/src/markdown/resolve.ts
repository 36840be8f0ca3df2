import { nameOf } from './note.ts';
import type { Link } from './scan.ts';

/** A file that a link may lead to. */
interface Candidate {
  readonly path: string;
}

/** Names and paths are the same whatever their case and however their accents are encoded. */
export function foldPath(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

/** The names of files, as written, that a link may lead to; none if it leads to a place in its own note. */
export function namesOfLink(link: Link): string[] {
  const name = nameOf(link.target.normalize('NFC').replace(/\/+$/, ''));
  if (name === '' || name === '.' || name === '..') return [];
  return [name, `${name}.md`];
}

/**
 * The file that a link leads to, by Obsidian's rules: the one with exactly this path from the root of the library, else
 * from the folder of the note, else the one in any folder whose path ends like this, of several the one that is
 * least deep. A Markdown link is first looked for from the folder of its note. `.md` may be left out.
 * @param fromPath of the note in which the link is written
 * @param candidates the files with one of the names of the link, in any folder
 */
export function resolveLink<File extends Candidate>(
  link: Link,
  fromPath: string,
  candidates: readonly File[],
): File | undefined {
  if (candidates.length === 0) return undefined;
  const target = foldPath(link.target).replace(/^\/+|\/+$/g, '');
  const folder = foldPath(fromPath).split('/').slice(0, -1);
  const fromRoot = joined([], target);
  const fromFolder = joined(folder, target);
  const startsAtRoot = link.kind === 'wiki' || link.target.startsWith('/');
  const places = startsAtRoot ? [fromRoot, fromFolder] : [fromFolder, fromRoot];
  const files = candidates.map((file) => ({ file, path: foldPath(file.path) }));
  for (const place of places) {
    const found = place === undefined ? undefined : best(files, (path) => path === place || path === `${place}.md`);
    if (found) return found;
  }
  // With `..` it says where it is, and there it was not.
  if (/^\.\.?(?:\/|$)/.test(target)) return undefined;
  return best(files, (path) => path.endsWith(`/${target}`) || path.endsWith(`/${target}.md`));

  /** A note before a file of the same name without extension, the least deep, then the first by name. */
  function best(all: typeof files, fits: (path: string) => boolean): File | undefined {
    const fitting = all.filter(({ path }) => fits(path));
    return fitting.toSorted((a, b) => rank(a.path) - rank(b.path) || (a.path < b.path ? -1 : 1))[0]?.file;
  }

  function rank(path: string): number {
    const isExact = path.endsWith(target);
    const preferred = /\.[a-z0-9]{1,10}$/.test(target) === isExact;
    return path.split('/').length * 2 + (preferred ? 0 : 1);
  }
}

/** A path relative to a folder; undefined if it leads out of the library. */
function joined(folder: readonly string[], target: string): string | undefined {
  const parts = [...folder];
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}
