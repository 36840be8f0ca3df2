import { parse } from 'yaml';

export interface Property {
  readonly name: string;
  readonly value: string;
}

const FRONT_MATTER = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/;
/** More than this is data, not properties. */
const MAX_CHARACTERS = 64 * 1024;

/** What stands in the front matter, as text. What cannot be parsed is shown as it was written. */
export function frontMatter(source: string): Property[] {
  const yaml = FRONT_MATTER.exec(source.slice(0, MAX_CHARACTERS))?.[1];
  if (yaml === undefined) return [];
  try {
    // Aliases are expanded; a few lines of them can make gigabytes.
    const value: unknown = parse(yaml, { maxAliasCount: 10, logLevel: 'error' });
    if (value === null) return [];
    if (typeof value !== 'object' || Array.isArray(value)) return [{ name: 'Front matter', value: yaml }];
    return Object.entries(value).map(([name, entry]) => ({ name, value: text(entry) }));
  } catch {
    return [{ name: 'Front matter', value: yaml }];
  }
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join(', ');
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}
