import { IndentedCode } from './indented-code.ts';

/** A link as it is written: `[[target#heading|alias]]`, or a Markdown link to a file of the same library. */
export interface Link {
  /** What it leads to, without heading and alias; decoded, if it is a Markdown link. '' for a heading of the note itself. */
  readonly target: string;
  readonly heading: string | null;
  readonly alias: string | null;
  /** Whether it shows the target in place: `![[…]]`, `![…](…)`. */
  readonly embed: boolean;
  readonly kind: 'wiki' | 'markdown';
}

export interface Found {
  readonly links: Link[];
  /** Without `#`, each as often as it is written. */
  readonly tags: string[];
}

/** Characters; what is longer is no link. It bounds what is looked at again, and so the time. */
const MAX_LINK = 2_000;
/** Brackets that may be open at once; of more, the last ones count. */
const MAX_OPEN = 100;
/** Parentheses within a destination, as in CommonMark's own implementation. */
const MAX_DEPTH = 32;

const FENCE = /^[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*(`{3,}|~{3,})(.*)$/;
const QUOTED = /^\s*>/;
/** A line that begins a block of its own, in which no code of the block before goes on. */
const BEGINS_BLOCK = /^\s*(?:[-*+]\s|\d{1,9}[.)]\s|#{1,6}\s|>|\|)/;
/** Runs of backticks of one block; further ones are plain text. */
const MAX_RUNS = 10_000;
/** Only the beginning of a line tells what it is. */
const LINE_HEAD = 256;

interface Fence {
  readonly mark: string;
  readonly length: number;
  readonly quoted: boolean;
}

/**
 * The links and tags of a note's text from `from` on, in the order in which they are written, as Obsidian reads them:
 * none in code. Goes over the text once; the time is linear in its length, whatever it is.
 */
export function scan(text: string, from = 0): Found {
  const blocks = new BlockScanner(text);
  let fence: Fence | undefined;
  const indented = new IndentedCode();
  let blockStart = from;
  for (let at = from; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(at, Math.min(end, at + LINE_HEAD)).replace(/\r$/, '');
    if (fence?.quoted && !QUOTED.test(line)) {
      fence = undefined;
      blockStart = at;
    }
    const isBlank = line.trim() === '' && end - at < LINE_HEAD;
    const isCode = !fence && indented.has(line, isBlank);
    const mark = isCode ? null : FENCE.exec(line);
    if (fence) {
      if (mark && closes(mark, fence)) {
        fence = undefined;
        blockStart = end + 1;
      }
    } else if (mark && opens(mark)) {
      blocks.scan(blockStart, at);
      fence = { mark: mark[1]?.[0] ?? '', length: mark[1]?.length ?? 0, quoted: QUOTED.test(line) };
    } else if (isCode) {
      blocks.scan(blockStart, at);
      blockStart = end + 1;
    } else if (BEGINS_BLOCK.test(line) || isBlank) {
      blocks.scan(blockStart, at);
      blockStart = at;
    }
    at = end + 1;
  }
  if (!fence) blocks.scan(blockStart, text.length);
  return blocks.found;
}

/** With backticks, nothing after them may be one: that is code within a line. */
function opens([, mark = '', rest = '']: RegExpExecArray): boolean {
  return mark.startsWith('~') || !rest.includes('`');
}

function closes([, mark = '', rest = '']: RegExpExecArray, fence: Fence): boolean {
  return mark.startsWith(fence.mark) && mark.length >= fence.length && rest.trim() === '';
}

const BACKSLASH = 0x5c;
const BACKTICK = 0x60;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const HASH = 0x23;
const BANG = 0x21;
const PAREN = 0x28;
const CLOSE_PAREN = 0x29;

/** Looks through one block after another, and remembers what it looked for ahead, so that it looks for that once. */
class BlockScanner {
  readonly found: { readonly links: Link[]; readonly tags: string[] } = { links: [], tags: [] };
  readonly #text: string;
  /** The next `]]` and the next backtick, as far as was looked. */
  #close = -1;
  #backtick = -1;

  constructor(text: string) {
    this.#text = text;
  }

  scan(start: number, end: number): void {
    const text = this.#text;
    const code = this.#codeSpans(start, end);
    const open: { readonly at: number; readonly embed: boolean }[] = [];
    for (let at = start; at < end; ) {
      switch (text.charCodeAt(at)) {
        case BACKSLASH:
          at += 2;
          continue;
        case BACKTICK:
          at = code?.get(at) ?? runEnd(text, at, end);
          continue;
        case OPEN: {
          const embed = at > start && text.charCodeAt(at - 1) === BANG;
          const close = this.#closeOf(at, end);
          if (close !== undefined) {
            this.found.links.push(wikiLink(text.slice(at + 2, close), embed));
            at = close + 2;
            continue;
          }
          if (open.length === 2 * MAX_OPEN) open.splice(0, MAX_OPEN);
          open.push({ at, embed });
          break;
        }
        case CLOSE: {
          const opened = open.pop();
          const link = opened && text.charCodeAt(at + 1) === PAREN ? destinationAt(text, at + 2, end) : undefined;
          if (!opened || !link) break;
          const alias = text.slice(opened.at + 1, Math.min(at, opened.at + MAX_LINK));
          const local = markdownLink(link.destination, alias, opened.embed);
          if (local) this.found.links.push(local);
          at = link.end;
          continue;
        }
        case HASH: {
          const tag = at > start && !/\s/.test(text.charAt(at - 1)) ? undefined : tagAt(text, at + 1);
          if (tag) this.found.tags.push(tag.replace(/\/+$/, ''));
          at += 1 + (tag?.length ?? 0);
          continue;
        }
        default:
      }
      at++;
    }
  }

  /** Where `]]` stands for the `[[` at `at`; undefined if there is no link. */
  #closeOf(at: number, end: number): number | undefined {
    const text = this.#text;
    // Of three brackets the last two are the link.
    if (text.charCodeAt(at + 1) !== OPEN || text.charCodeAt(at + 2) === OPEN) return undefined;
    if (this.#close < at + 2) this.#close = indexOrEnd(text, ']]', at + 2);
    if (this.#close >= end || this.#close - at > MAX_LINK) return undefined;
    const inner = text.slice(at + 2, this.#close);
    return inner.trim() === '' || inner.includes('\n') || inner.includes('[[') ? undefined : this.#close;
  }

  /**
   * Where code within a block ends, by where it begins: a run of backticks goes with the next one of the same length
   * (CommonMark 0.31, section 6.1). Undefined if there is no backtick at all.
   */
  #codeSpans(start: number, end: number): Map<number, number> | undefined {
    const text = this.#text;
    if (this.#backtick < start) this.#backtick = indexOrEnd(text, '`', start);
    if (this.#backtick >= end) return undefined;
    const runs: { readonly at: number; readonly length: number }[] = [];
    while (this.#backtick < end && runs.length < MAX_RUNS) {
      const at = this.#backtick;
      const next = runEnd(text, at, end);
      runs.push({ at, length: next - at });
      this.#backtick = indexOrEnd(text, '`', next);
    }
    const spans = new Map<number, number>();
    const nextOfLength = new Map<number, number>();
    for (const { at, length } of runs.toReversed()) {
      const closing = nextOfLength.get(length);
      if (closing !== undefined) spans.set(at, closing + length);
      nextOfLength.set(length, at);
    }
    return spans;
  }
}

function indexOrEnd(text: string, what: string, from: number): number {
  const index = text.indexOf(what, from);
  return index === -1 ? text.length : index;
}

function runEnd(text: string, at: number, end: number): number {
  let next = at;
  while (next < end && text.charCodeAt(next) === BACKTICK) next++;
  return next;
}

function wikiLink(inner: string, embed: boolean): Link {
  const bar = inner.indexOf('|');
  if (bar === -1) return { ...parted(inner), alias: null, embed, kind: 'wiki' };
  // In a table the bar is escaped, which does not make the backslash part of the target.
  const written = inner.slice(0, bar).replace(/\\$/, '');
  return { ...parted(written), alias: inner.slice(bar + 1).trim(), embed, kind: 'wiki' };
}

function parted(written: string): Pick<Link, 'target' | 'heading'> {
  const hash = written.indexOf('#');
  if (hash === -1) return { target: written.trim(), heading: null };
  return { target: written.slice(0, hash).trim(), heading: written.slice(hash + 1).trim() };
}

/** A link to somewhere else than this library is none of ours: one with a scheme, or with a host. */
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i;

function markdownLink(destination: string, alias: string, embed: boolean): Link | undefined {
  if (destination === '' || ELSEWHERE.test(destination)) return undefined;
  const { target, heading } = parted(destination.replace(/\\([!-/:-@[-`{-~])/g, '$1'));
  return {
    target: decoded(target),
    heading: heading === null ? null : decoded(heading),
    alias: alias.trim() === '' ? null : alias.trim(),
    embed,
    kind: 'markdown',
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign is just that.
    return text;
  }
}

const TITLE_AND_END = /^[ \t]*(?:(?:"[^"\n]*"|'[^'\n]*')[ \t]*)?\)/;

/** The destination of a Markdown link whose parenthesis opened before `from` (CommonMark 0.31, section 6.3). */
function destinationAt(text: string, from: number, end: number): { destination: string; end: number } | undefined {
  const area = text.slice(from, Math.min(end, from + MAX_LINK));
  const angled = /^[ \t]*<([^<>\n]*)>/.exec(area);
  const start = angled ? angled[0].length : area.length - area.trimStart().length;
  const stop = angled ? start : plainEnd(area, start);
  const rest = stop === undefined ? null : TITLE_AND_END.exec(area.slice(stop));
  if (stop === undefined || !rest) return undefined;
  return { destination: angled?.[1] ?? area.slice(start, stop), end: from + stop + rest[0].length };
}

/** Where a destination without angle brackets ends: at white space, or at the parenthesis that closes the link. */
function plainEnd(area: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < area.length; at++) {
    const code = area.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === PAREN && ++depth > MAX_DEPTH) return undefined;
    else if (code === CLOSE_PAREN && depth-- === 0) return at;
    else if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return depth === 0 ? at : undefined;
  }
  return undefined;
}

/** What Obsidian takes for a tag: no white space, no punctuation but `_`, `-` and `/`, and not digits alone. */
const TAG = /[^\u2000-\u206f\u2e00-\u2e7f'!"#$%&()*+,.:;<=>?@^`{|}~[\]\\\s]+/y;
const MAX_TAG = 500;

function tagAt(text: string, from: number): string | undefined {
  TAG.lastIndex = from;
  const tag = TAG.exec(text)?.[0];
  return tag === undefined || tag.length > MAX_TAG || /^[\d/]+$/.test(tag) ? undefined : tag;
}
