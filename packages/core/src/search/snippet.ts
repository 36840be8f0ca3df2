import { analyze, type Token } from './analyze.ts';
import type { SearchQuery, Term } from './query.ts';

/** A piece of a text. The highlights are UTF-16 offsets into it, in order, and do not overlap. */
export interface Snippet {
  readonly text: string;
  readonly highlights: readonly Span[];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a text has a term, or a phrase. */
interface Hit extends Span {
  readonly what: number;
}

/** Code units of a snippet, about. */
const LENGTH = 200;
/** Code units before the first match. */
const BEFORE = 60;
/** Code units at either end in which a border between words is looked for. */
const SLACK = 30;
/** Code units that are looked through, which takes up to 30 ms. */
const MAX_TEXT = 256 * 1024;
/** Matches that are weighed against each other. */
const MAX_HITS = 300;

/** The place of a text where most of what was searched stands together; its beginning where nothing of it does. */
export function snippetOf(text: string, query: SearchQuery): Snippet {
  const hits = hitsOf(text.slice(0, MAX_TEXT), query);
  const best = bestStart(hits);
  const near = best === undefined || best < BEFORE + SLACK;
  const start = near ? 0 : wordBorder(text, best - BEFORE, 1, best);
  const end = wordBorder(text, Math.min(text.length, start + LENGTH), -1, start);
  return render(text, start, end, hits);
}

function hitsOf(text: string, { terms, required }: SearchQuery): Hit[] {
  const searched = [...terms, ...required.flat()];
  const phrases = required.filter((phrase) => phrase.length > 1);
  const longest = Math.max(0, ...phrases.map((phrase) => phrase.length));
  const hits: Hit[] = [];
  const recent: Token[] = [];
  for (const token of analyze(text)) {
    const what = searched.findIndex((term) => matches(term, token));
    if (what >= 0) hits.push({ start: token.start, end: token.end, what });
    if (longest > 0) {
      recent.push(token);
      if (recent.length > longest) recent.shift();
      phrases.forEach((phrase, index) => {
        const from = recent.length - phrase.length;
        if (from < 0 || !phrase.every((term, place) => matches(term, recent[from + place] as Token))) return;
        hits.push({ start: recent[from]?.start ?? token.start, end: token.end, what: searched.length + index });
      });
    }
    if (hits.length >= MAX_HITS) break;
  }
  return hits;
}

function matches({ forms }: Term, { term, more }: Token): boolean {
  return forms.some((form) => {
    const has = (other: string) => (form.prefix ? other.startsWith(form.term) : other === form.term);
    return has(term) || more.some(has);
  });
}

/** The first of the hits that stand within one snippet and are of the most kinds; of equals, the earliest. */
function bestStart(hits: readonly Hit[]): number | undefined {
  let best: { start: number; kinds: number } | undefined;
  for (const [index, { start }] of hits.entries()) {
    const kinds = new Set<number>();
    for (let next = index; next < hits.length; next++) {
      const hit = hits[next] as Hit;
      if (hit.end > start + LENGTH - BEFORE) break;
      kinds.add(hit.what);
    }
    if (!best || kinds.size > best.kinds) best = { start, kinds: kinds.size };
  }
  return best?.start;
}

/** A place near `place`, in the direction of `step` and not beyond `limit`, where no word is cut in two. */
function wordBorder(text: string, place: number, step: 1 | -1, limit: number): number {
  for (let moved = 0, at = place; moved < SLACK && at !== limit; moved++, at += step) {
    if (at === 0 || at === text.length || /\s/.test(text[at - 1] ?? '') || /\s/.test(text[at] ?? '')) return at;
  }
  // Scripts without spaces: only no character is cut in two.
  return /[\udc00-\udfff]/.test(text[place] ?? '') ? place + step : place;
}

/** What Markdown means to the page and not to the reader. */
const NOISE = /!?\[\[|\]\]|[*_`~]{2,}|`/gu;
/** The same at the beginning of a line; elsewhere it is a dash, or greater than. */
const LINE_NOISE = /^[ \t]*(?:#{1,6}|>|[-*+])[ \t]+/gmu;

/** The text between two places on one line, without the noise; the hits are moved along. */
function render(text: string, start: number, end: number, hits: readonly Hit[]): Snippet {
  let shown = '';
  const highlights: Span[] = [];
  const add = (from: number, to: number): void => {
    const isLineStart = from === 0 || /[\n\r\u2028\u2029]/.test(text.charAt(from - 1));
    const plain = text
      .slice(from, to)
      .replace(LINE_NOISE, (noise, offset: number) => (offset > 0 || isLineStart ? '' : noise))
      .replace(NOISE, '')
      .replace(/[\s\p{Cc}]+/gu, ' ');
    shown += shown === '' || shown.endsWith(' ') ? plain.trimStart() : plain;
  };
  let at = start;
  for (const span of merged(hits, start, end)) {
    add(at, span.start);
    const from = shown.length;
    shown += text.slice(span.start, span.end).replace(/[\s\p{Cc}]+/gu, ' ');
    highlights.push({ start: from, end: shown.length });
    at = span.end;
  }
  add(at, end);
  return { text: shown.trimEnd().toWellFormed(), highlights };
}

/** The spans that lie within two places, those that touch as one. */
function merged(hits: readonly Hit[], start: number, end: number): Span[] {
  const spans: { start: number; end: number }[] = [];
  const inside = hits.filter((hit) => hit.start >= start && hit.end <= end);
  for (const hit of inside.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = spans.at(-1);
    if (last && hit.start <= last.end) last.end = Math.max(last.end, hit.end);
    else spans.push({ start: hit.start, end: hit.end });
  }
  return spans;
}
