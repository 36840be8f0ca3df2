import { extname } from 'node:path/posix';

/** Bytes of a name that had to be shortened, with room for a number. */
const MAX_NAME_BYTES = 240;
/** Bytes of one name that no common file system exceeds. */
const MAX_PART_BYTES = 255;
/** Characters of a name that is made from a title; longer ones nobody reads. */
const MAX_TITLE = 100;

// oxlint-disable-next-line no-control-regex -- control characters are exactly what is replaced here
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
/** Marks that turn the direction of writing, by which a name can be made to look like another. */
const DIRECTION = /[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]/g;
/** What Windows refuses in names, and what would end or part a link of Obsidian. */
const PUNCTUATION = /[/\\:*?"<>|#^[\]]/g;
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** A name for a file on any system, from whatever somebody wrote; `untitled` if nothing of it is left. */
export function nameFromTitle(title: string): string {
  const plain = title
    .toWellFormed()
    .normalize('NFC')
    .replace(DIRECTION, '')
    .replace(CONTROL, ' ')
    .replace(PUNCTUATION, ' ')
    .replace(/\s+/g, ' ');
  const short = cut([...plain.trim()].slice(0, MAX_TITLE).join(''), MAX_NAME_BYTES - 20);
  // A leading dot would hide it; trailing ones are dropped by Windows.
  const name = short.replace(/^[. ]+|[. ]+$/g, '');
  if (name === '') return 'untitled';
  return RESERVED.test(name) ? `_${name}` : name;
}

/**
 * The parts of the path of something that was imported, as they were where that is possible on this system.
 * @param windows whether the names have to be such as Windows takes
 */
export function partsOfPath(path: string, windows: boolean): string[] {
  const parts = path
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .map((part) => portable(part.toWellFormed().replaceAll('\0', '_'), windows));
  return parts.length > 0 ? parts : ['untitled'];
}

function portable(part: string, windows: boolean): string {
  if (Buffer.byteLength(part) > MAX_PART_BYTES) return portable(shortened(part), windows);
  if (!windows) return part;
  const name = part
    .replace(CONTROL, '_')
    .replace(/[\\:*?"<>|]/g, '_')
    .replace(/[. ]+$/, (end) => '_'.repeat(end.length));
  return RESERVED.test(name) ? `_${name}` : name;
}

function shortened(part: string): string {
  const extension = extensionOf(part);
  return cut(part.slice(0, part.length - extension.length), MAX_NAME_BYTES - Buffer.byteLength(extension)) + extension;
}

/** An extension worth keeping. */
function extensionOf(name: string): string {
  const extension = extname(name);
  return extension.length <= 20 ? extension : '';
}

/** The beginning of a text, at most so many bytes, no character halved. */
function cut(text: string, bytes: number): string {
  let left = bytes;
  let result = '';
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    result += character;
  }
  return result;
}

/** Gives every file a place of its own: no two with one path, no file where a folder is, no folder where a file is. */
export class Places {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();
  readonly #numbers = new Map<string, number>();
  readonly #foldCase: boolean;

  /** @param foldCase whether names that differ in case alone are one name on this system */
  constructor(foldCase: boolean) {
    this.#foldCase = foldCase;
  }

  /**
   * The path for these parts, with ` (2)` where another has it.
   * @param unlikeAny whether it must differ from every other in more than case, wherever it may be copied to
   */
  claim(parts: readonly string[], unlikeAny = false): string {
    const folders: string[] = [];
    for (const part of parts.slice(0, -1)) {
      folders.push(this.#free(folders, part, (path) => !this.#files.has(path), false));
      this.#folders.add(this.#key(folders.join('/'), false));
      this.#folders.add(this.#key(folders.join('/'), true));
    }
    const free = (path: string) => !this.#files.has(path) && !this.#folders.has(path);
    const name = this.#free(folders, parts.at(-1) ?? 'untitled', free, unlikeAny);
    const path = [...folders, name].join('/');
    this.#files.add(this.#key(path, false));
    this.#files.add(this.#key(path, true));
    return path;
  }

  #free(folders: readonly string[], name: string, isFree: (key: string) => boolean, unlikeAny: boolean): string {
    const extension = extensionOf(name);
    const stem = name.slice(0, name.length - extension.length);
    const first = this.#key([...folders, name].join('/'), true);
    // Thousands may have one title; each looks on from where the one before found its number.
    for (let number = this.#numbers.get(first) ?? 1; ; number++) {
      const end = number === 1 ? extension : ` (${number})${extension}`;
      const numbered = cut(stem, MAX_PART_BYTES - Buffer.byteLength(end)) + end;
      if (!isFree(this.#key([...folders, numbered].join('/'), unlikeAny || this.#foldCase))) continue;
      if (unlikeAny) this.#numbers.set(first, number);
      return numbered;
    }
  }

  /** With a mark, so that a path that is folded is never taken for one that happens to be written like that. */
  #key(path: string, folded: boolean): string {
    const normal = path.normalize('NFC');
    return folded ? `~${normal.toLowerCase()}` : `=${normal}`;
  }
}
