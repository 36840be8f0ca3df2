import { parse } from 'yaml';

/** Where a note's front matter is, whatever it says. */
export interface FrontMatterBlock {
  /** What stands between the lines of `---`; '' if there is none. */
  readonly text: string;
  /** Where the note's own text begins. */
  readonly bodyStart: number;
}

export interface FrontMatter extends FrontMatterBlock {
  /** Without its keys' case; empty if there is none, or none that can be read. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Whether there is one that cannot be read. */
  readonly broken: boolean;
}

/** Characters; what is longer is no front matter that anybody wrote. */
const MAX_LENGTH = 256 * 1024;
/** Characters that are read as YAML: its reader can take the square of their number, and nobody has a turn meanwhile. */
const MAX_YAML = 16 * 1024;
const BOM = '\ufeff';
const OPEN = /^---[ \t]*\r?\n/;
const CLOSE = /^(?:---|\.\.\.)[ \t]*\r?$/;

/** Reads the YAML at the beginning of a note. What cannot be read is a note without front matter, and no failure. */
export function frontMatterOf(content: string): FrontMatter {
  const block = frontMatterBlockOf(content);
  const fields = fieldsOf(block.text);
  return { ...block, fields: fields ?? {}, broken: fields === undefined };
}

/** Finds the front matter without reading what it says. */
export function frontMatterBlockOf(content: string): FrontMatterBlock {
  const offset = content.startsWith(BOM) ? BOM.length : 0;
  const none = { text: '', bodyStart: offset };
  const open = OPEN.exec(content.slice(offset, offset + 256));
  if (!open) return none;
  const start = offset + open[0].length;
  for (let at = start; at < content.length && at - start <= MAX_LENGTH; ) {
    const newline = content.indexOf('\n', at);
    const end = newline === -1 ? content.length : newline;
    // A line that closes is short; a longer one need not be looked at.
    if (end - at < 256 && CLOSE.test(content.slice(at, end))) {
      return { text: content.slice(start, at), bodyStart: Math.min(end + 1, content.length) };
    }
    at = end + 1;
  }
  return none;
}

function fieldsOf(text: string): Record<string, unknown> | undefined {
  if (text.length > MAX_YAML) return undefined;
  let value: unknown;
  try {
    value = parse(text, { logLevel: 'error', maxAliasCount: 20, uniqueKeys: false });
  } catch {
    // Broken YAML throws errors of several kinds; all of them mean the same to us.
    return undefined;
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
}
