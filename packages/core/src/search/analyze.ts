import porter2 from 'wink-porter2-stemmer';
import { fold } from './fold.ts';
import { ASCII, type Word, wordsOf } from './words.ts';

/** Rises with every change of what is below: rows of the index that an older one made are made anew. */
export const ANALYZER_VERSION = 2;

/** What one word is found by. */
export interface Token extends Word {
  /** Folded, not stemmed: what a word that is still being typed is compared with. */
  readonly folded: string;
  /** What it is found by. */
  readonly term: string;
  /** What it is found by as well: parts of a compound, or the compound that it is a part of. */
  readonly more: readonly string[];
}

/** Far below what PostgreSQL takes as a lexeme (2,046 bytes), far above any word. */
const MAX_TERM = 80;
/** What is looked at of a word as it is written: no character is longer in another form. */
const MAX_WRITTEN = 5 * MAX_TERM;

/** Words that the search ranks by only if a query has no others. They are in the index, and count in phrases. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about after all also am an and any are as at be because been before being between both but by can could did do ' +
    'does doing down during each few for from further had has have having he her here hers him his how i if in into is ' +
    'it its itself just me more most my no nor not of off on once only or other our ours out over own same she should ' +
    'so some such than that the their theirs them then there these they this those through to too under until up very ' +
    'was we were what when where which while who whom why will with would you your yours'
  ).split(' '),
);

export function isStopWord(folded: string): boolean {
  return STOP_WORDS.has(folded);
}

const ENGLISH = /^[a-z]{3,}$/;
const CACHED_STEMS = 50_000;
const stems = new Map<string, string>();

/** The stem of an English word by Porter's second algorithm (Snowball); any other word as it is. */
export function stemOf(folded: string): string {
  // Before anything else: the stemmer's time grows with the square of a word's length.
  const word = cut(folded);
  if (!ENGLISH.test(word)) return word;
  const known = stems.get(word);
  if (known !== undefined) return known;
  // A part of a string holds on to the whole; what is kept must not keep the text that it was read from.
  const own = word.split('').join('');
  const stem = porter2(own);
  // A stem takes 3 us, a look 0.1 us, and few words make up most of a text.
  if (stems.size >= CACHED_STEMS) stems.clear();
  stems.set(own, stem);
  return stem;
}

/** Cut between characters, not within one. */
function cut(term: string, length = MAX_TERM): string {
  return term.length <= length ? term : term.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}

const HAN_COMPOUND = /^\p{Script=Han}{3,}$/u;
const CAMEL = /\p{Ll}\p{Lu}|\p{Lu}{2}\p{Ll}{2}/u;
const CAMEL_PARTS = /\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{N}+/gu;
const LETTERS_ONLY = /^\p{L}+$/u;

/** The words of a text, and what each is found by. */
export function* analyze(text: string): Generator<Token> {
  let before = '';
  for (const word of wordsOf(text)) {
    // To bring many marks into their order takes the square of their number.
    const folded = cut(fold(cut(word.text, MAX_WRITTEN)));
    if (folded === '') continue;
    const { start, end, text: written, hyphenated } = word;
    yield { start, end, text: written, hyphenated, folded, term: stemOf(folded), more: moreOf(word, folded, before) };
    before = folded;
  }
}

const NOTHING: readonly string[] = [];

function moreOf(word: Word, folded: string, before: string): readonly string[] {
  // "e-mail" is found as "email" too.
  if (word.hyphenated && LETTERS_ONLY.test(before) && LETTERS_ONLY.test(folded)) return [stemOf(before + folded)];
  // Most words are of this kind.
  if (word.text === folded && ASCII.test(folded)) return NOTHING;
  // The dictionary that divides Chinese knows 东京大学 as one word; whoever looks for 大学 means it as well.
  if (HAN_COMPOUND.test(folded)) {
    const characters = [...folded];
    return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
  }
  // Nobody writes so long a name; what looks like one is data.
  if (word.text.length > MAX_TERM || !CAMEL.test(word.text)) return NOTHING;
  const parts = word.text.match(CAMEL_PARTS) ?? [];
  return parts.length > 1 ? parts.map((part) => stemOf(fold(part))) : NOTHING;
}
