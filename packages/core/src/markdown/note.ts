import { LIMITS } from '@synap/types';
import { frontMatterBlockOf, frontMatterOf } from './front-matter.ts';
import { type Link, scan } from './scan.ts';

/** Something about a file that is not as its writer may think, though the file is kept. */
export interface Warning {
  readonly code: 'FRONT_MATTER_BROKEN' | 'TITLE_UNUSABLE' | 'TAGS_CUT' | 'NO_NOTE';
  readonly message: string;
}

/** What a Markdown file says of itself. */
export interface ParsedNote {
  /** Never empty. */
  readonly title: string;
  /** Each once, whatever its case, as first written. */
  readonly tags: readonly string[];
  /** In the order of the text, those of the front matter first. */
  readonly links: readonly Link[];
  readonly warnings: readonly Warning[];
}

// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for here
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/**
 * Reads a Markdown file. Nothing in it makes this fail; what cannot be used is left out and told as a warning.
 * @param path of the file in its source; its name is the title where the file gives none
 */
export function parseNote(content: string, path: string): ParsedNote {
  const warnings: Warning[] = [];
  const { fields, text, bodyStart, broken } = frontMatterOf(content);
  if (broken) {
    warnings.push({
      code: 'FRONT_MATTER_BROKEN',
      message: 'The front matter is no YAML that can be read, or longer than 16 KiB.',
    });
  }
  const body = scan(content, bodyStart);
  const title = usableTitle(fields.title);
  if (title === undefined && fields.title !== undefined && fields.title !== null) {
    warnings.push({
      code: 'TITLE_UNUSABLE',
      message: 'The title in the front matter is no text of at most 500 characters.',
    });
  }
  const names = [...namesIn(fields.tags), ...namesIn(fields.tag), ...body.tags];
  const tags = usableTags(names);
  if (tags.cut) {
    warnings.push({
      code: 'TAGS_CUT',
      message: `Tags were left out: at most ${LIMITS.tags} are kept, of ${LIMITS.tagCharacters} characters each.`,
    });
  }
  return { title: title ?? titleOfPath(path), tags: tags.kept, links: [...scan(text).links, ...body.links], warnings };
}

/** The links alone, for who needs no more. */
export function linksOf(content: string): Link[] {
  const { text, bodyStart } = frontMatterBlockOf(content);
  return [...scan(text).links, ...scan(content, bodyStart).links];
}

function characters(text: string): string[] {
  return [...text];
}

function usableTitle(value: unknown): string | undefined {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  if (typeof text !== 'string' || !text.isWellFormed()) return undefined;
  const title = text.replace(CONTROL, ' ').trim();
  return title === '' || characters(title).length > LIMITS.titleCharacters ? undefined : title;
}

/** The file's name without its extension, as a title. */
function titleOfPath(path: string): string {
  const name = nameOf(path).replace(CONTROL, ' ').trim();
  const stem = name.replace(/(?<=.)\.(?:md|markdown)$/i, '').trim();
  return characters(stem === '' ? name : stem)
    .slice(0, LIMITS.titleCharacters)
    .join('')
    .trim();
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Obsidian takes a list, or words with commas or spaces between them. */
function namesIn(value: unknown): string[] {
  if (typeof value === 'string') return value.split(/[,\s]+/);
  if (typeof value === 'number' || typeof value === 'bigint') return [String(value)];
  return Array.isArray(value) ? value.flatMap((item) => (typeof item === 'string' ? [item] : namesIn(item))) : [];
}

function usableTags(names: readonly string[]): { kept: string[]; cut: boolean } {
  const kept = new Map<string, string>();
  let cut = false;
  for (const name of names) {
    const tag = name.trim().replace(/^#+/, '').trim().normalize('NFC');
    if (tag === '' || kept.has(tag.toLowerCase())) continue;
    const usable = tag.isWellFormed() && tag.search(CONTROL) === -1 && characters(tag).length <= LIMITS.tagCharacters;
    if (usable && kept.size < LIMITS.tags) kept.set(tag.toLowerCase(), tag);
    else cut = true;
  }
  return { kept: [...kept.values()], cut };
}
