import { isUtf8 } from 'node:buffer';
import { nameOf, parseNote, type Warning } from '@initiativ/core';
import { LIMITS } from '@synap/types';

/** What a file says of itself. */
export interface Described {
  readonly title: string;
  readonly tags: string[];
  readonly warnings: readonly Warning[];
}

/** Of Markdown by its text, of everything else by its name. */
export function described(path: string, text: string | undefined): Described {
  if (text !== undefined) {
    const { title, tags, warnings } = parseNote(text, path);
    return { title, tags: [...tags], warnings };
  }
  const name = nameOf(path)
    .replace(/\p{Cc}/gu, ' ')
    .trim();
  return { title: [...name].slice(0, LIMITS.titleCharacters).join(''), tags: [], warnings: [] };
}

export function isMarkdownPath(path: string): boolean {
  return /\.(?:md|markdown)$/i.test(path);
}

/** The content as text; undefined for what is no Markdown, or none that a note can hold. */
export function textOf(path: string, content: Uint8Array | AsyncIterable<Uint8Array>): string | undefined {
  if (!isMarkdownPath(path) || !(content instanceof Uint8Array)) return undefined;
  if (content.length > LIMITS.contentBytes || !isUtf8(content)) return undefined;
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
}

export function sameTags(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((tag, index) => tag === b[index]);
}
