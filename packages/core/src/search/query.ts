import { analyze, isStopWord, stemOf, type Token } from './analyze.ts';

/** One of the things that a searched word may look like in the index: a term, or how terms may begin. */
export interface Form {
  readonly term: string;
  readonly prefix: boolean;
}

/** A searched word: whatever has one of the forms matches. */
export interface Term {
  /** As it was written, for `explain`. */
  readonly word: string;
  readonly forms: readonly Form[];
}

/** Words that must stand side by side; a single one must just be there. */
export type Phrase = readonly Term[];

export interface SearchQuery {
  /** What an entity is ranked by. At least one of them has to be in it. */
  readonly terms: readonly Term[];
  /** Each of them has to be in it. */
  readonly required: readonly Phrase[];
  /** None of them may be in it. */
  readonly excluded: readonly Phrase[];
  /** All words in their order: a title that says just this is what was meant. */
  readonly title: Phrase;
}

/** Code units that are looked at; a title has at most 500 characters. */
const MAX_LENGTH = 2_000;
const MAX_TERMS = 64;

/** `"a phrase"`, straight or curly, or a word up to the next space; each may have one hyphen before it. */
const PART =
  /(?<not>(?<![^\s])-(?=[\p{L}\p{N}"“„«]))?(?:["“”„«](?<phrase>[^"“”»]*)(?<closed>["”“»])?|(?<plain>[^\s"“”„«]+))/gu;

/**
 * Reads a query as people write it. Any text is one; what has no word finds nothing.
 * @param options.prefix whether the last word is still being typed
 */
export function parseQuery(text: string, options: { readonly prefix?: boolean } = {}): SearchQuery {
  const query = text.slice(0, MAX_LENGTH);
  const terms = new Map<string, Term>();
  const weak = new Map<string, Term>();
  const required: Phrase[] = [];
  const excluded: Phrase[] = [];
  const title: Term[] = [];
  for (const { index, 0: part, groups = {} } of query.matchAll(PART)) {
    const tokens = [...analyze(groups.phrase ?? groups.plain ?? '')];
    const typing =
      options.prefix === true &&
      index + part.length === query.length &&
      groups.closed === undefined &&
      tokens.at(-1)?.end === (groups.phrase ?? groups.plain ?? '').length;
    const phrase = tokens.map((token, place) => termOf(token, typing && place === tokens.length - 1));
    if (phrase.length === 0) continue;
    if (groups.not !== undefined) {
      excluded.push(phrase);
      continue;
    }
    if (groups.phrase !== undefined) required.push(phrase);
    title.push(...phrase);
    tokens.forEach((token, place) => {
      const term = phrase[place] as Term;
      const isWeak = isStopWord(token.folded) && !term.forms.some((form) => form.prefix);
      (isWeak ? weak : terms).set(keyOf(term), term);
      for (const more of token.more) terms.set(`=${more}`, { word: more, forms: [{ term: more, prefix: false }] });
    });
  }
  // Half of all notes have "the" in them: it ranks nothing, unless there is nothing else.
  const ranking = terms.size > 0 ? terms : weak;
  return { terms: [...ranking.values()].slice(0, MAX_TERMS), required, excluded, title: title.slice(0, MAX_TERMS) };
}

function keyOf({ forms }: Term): string {
  return forms.map(({ term, prefix }) => `${prefix ? '^' : '='}${term}`).join('|');
}

function termOf({ folded, term }: Token, typing: boolean): Term {
  const exact = { term, prefix: false };
  if (!typing) return { word: folded, forms: [exact] };
  const forms = new Set([term, ...completedStems(folded)]);
  return { word: folded, forms: [{ term: folded, prefix: true }, ...exactBeyond(folded, forms)] };
}

/** Stems that do not begin with what was typed, which the prefix finds anyway. */
function exactBeyond(typed: string, forms: ReadonlySet<string>): Form[] {
  return [...forms].filter((form) => !form.startsWith(typed)).map((term) => ({ term, prefix: false }));
}

/** English endings that the stemmer takes off, and combinations of them. */
const ENDINGS = (
  'abilities ability able ably al alism alist ality ally ance ances ancy ant ants ate ated ates ating ation ational ' +
  'ations ative ator ators ed edly edness ee eed eer eers eered eering ement ements ence ences ency ent ently er ered ' +
  'ering erly ers es est ful fully fulness ibility ible ibly ic ical ically icate icated icates icating ication ics ied ' +
  'ier ies iest ility ily iness ing ingly ings ion ional ionally ions ious iously ism isms ist istic ists ities ity ive ' +
  'ively iveness ivity ization izations ize ized izer izers izes izing less lessly lessness li liness ly ment mental ' +
  'ments ness ogies ogist ogy or ors ous ously ousness s sses tional tionally ty y yed yer ying'
).split(' ');

/** "plott" may become "plotted", which is "plot". */
const DOUBLED = /([bdfgmnprt])\1$/;

/**
 * The stems of the words that may become of one that is being typed. "engineeri" begins no term of the index, where
 * "engineering" is "engin"; but it may become "engineering".
 */
function completedStems(typed: string): string[] {
  const stems: string[] = DOUBLED.test(typed) ? [stemOf(`${typed}ed`)] : [];
  for (const ending of ENDINGS) {
    for (let begun = 1; begun < ending.length; begun++) {
      if (typed.endsWith(ending.slice(0, begun))) stems.push(stemOf(typed + ending.slice(begun)));
    }
  }
  return stems.filter((stem) => typed.startsWith(stem.replace(/[iey]$|(?<=b)l$/, '')));
}
