import { diffLines, diffWordsWithSpace } from 'diff';

export type Kind = 'same' | 'added' | 'removed';

export interface Piece {
  readonly kind: Kind;
  readonly text: string;
}

/** One line of a comparison. In a changed one, the pieces say which words. */
export interface Line {
  readonly kind: Kind;
  readonly pieces: readonly Piece[];
}

export type Block =
  | { readonly type: 'lines'; readonly lines: readonly Line[] }
  /** Lines that are alike, far from any that differ. */
  | { readonly type: 'fold'; readonly lines: readonly Line[] };

export interface Comparison {
  readonly blocks: readonly Block[];
  readonly added: number;
  readonly removed: number;
}

/** Two texts with less in common than can be worked out in this time are shown as a whole. */
const TIMEOUT_MS = 2_000;
/** A line longer than this is not compared by words. */
const WORDS_CHARACTERS = 2_000;
/** Lines around a change. */
const CONTEXT = 3;

/** What changed from `before` to `after`, by lines with the words inside; null if that takes too long to find out. */
export function compare(before: string, after: string): Comparison | null {
  const changes = diffLines(before, after, { timeout: TIMEOUT_MS, ignoreNewlineAtEof: true });
  if (!changes) return null;
  const lines: Line[] = [];
  for (let at = 0; at < changes.length; at++) {
    const change = changes[at];
    const next = changes[at + 1];
    if (!change) continue;
    if (change.removed && next?.added) {
      lines.push(...changed(linesOf(change.value), linesOf(next.value)));
      at++;
    } else {
      const kind = change.added ? 'added' : change.removed ? 'removed' : 'same';
      lines.push(...linesOf(change.value).map((text) => whole(kind, text)));
    }
  }
  const count = (kind: Kind) => lines.filter((line) => line.kind === kind).length;
  return { blocks: folded(lines), added: count('added'), removed: count('removed') };
}

function linesOf(text: string): string[] {
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').map((line) => line.replace(/\r$/, ''));
}

function whole(kind: Kind, text: string): Line {
  return { kind, pieces: [{ kind, text }] };
}

/** Lines that were replaced. As many for as many are taken to be each other's successors. */
function changed(before: readonly string[], after: readonly string[]): Line[] {
  if (before.length !== after.length) {
    return [...before.map((text) => whole('removed', text)), ...after.map((text) => whole('added', text))];
  }
  const pairs = before.map((text, index) => byWords(text, after[index] ?? ''));
  return [...pairs.map(([removed]) => removed), ...pairs.map(([, added]) => added)];
}

function byWords(before: string, after: string): [removed: Line, added: Line] {
  if (before.length > WORDS_CHARACTERS || after.length > WORDS_CHARACTERS) {
    return [whole('removed', before), whole('added', after)];
  }
  const pieces = diffWordsWithSpace(before, after).map(({ value, added, removed }): Piece => {
    return { kind: added ? 'added' : removed ? 'removed' : 'same', text: value };
  });
  // Where hardly a word is left, marks on single words only disturb.
  if (!pieces.some(({ kind, text }) => kind === 'same' && text.trim() !== '')) {
    return [whole('removed', before), whole('added', after)];
  }
  return [
    { kind: 'removed', pieces: pieces.filter(({ kind }) => kind !== 'added') },
    { kind: 'added', pieces: pieces.filter(({ kind }) => kind !== 'removed') },
  ];
}

function folded(lines: readonly Line[]): Block[] {
  const blocks: Block[] = [];
  const near = new Uint8Array(lines.length);
  lines.forEach(({ kind }, index) => {
    if (kind !== 'same') near.fill(1, Math.max(0, index - CONTEXT), index + CONTEXT + 1);
  });
  for (let at = 0; at < lines.length; ) {
    let end = at;
    while (end < lines.length && near[end] === near[at]) end++;
    blocks.push({ type: near[at] ? 'lines' : 'fold', lines: lines.slice(at, end) });
    at = end;
  }
  return blocks;
}
