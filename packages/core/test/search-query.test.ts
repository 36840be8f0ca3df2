import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/search/analyze.ts';
import { type Phrase, parseQuery, type Term } from '../src/search/query.ts';

const words = (terms: readonly Term[]) => terms.map(({ word }) => word);
const phrases = (list: readonly Phrase[]) => list.map(words);
/** Whether a word of a text would be found by a term. */
const finds = ({ forms }: Term, word: string) => {
  const found = [...analyze(word)].map((token) => token.term).join('');
  return forms.some(({ term, prefix }) => (prefix ? found.startsWith(term) : found === term));
};

describe('a query', () => {
  it('is words, any of which may match', () => {
    expect(words(parseQuery('Tomato  gardens, growing!').terms)).toEqual(['tomato', 'gardens', 'growing']);
    expect(parseQuery('gardens').terms).toEqual([{ word: 'gardens', forms: [{ term: 'garden', prefix: false }] }]);
  });

  it.each([
    ['straight', '"cherry tomato" soup'],
    ['curly', '“cherry tomato” soup'],
    ['not closed', 'soup "cherry tomato'],
  ])('asks for words side by side in quotes that are %s', (_, text) => {
    const query = parseQuery(text);
    expect(phrases(query.required)).toEqual([['cherry', 'tomato']]);
    expect(words(query.terms).toSorted()).toEqual(['cherry', 'soup', 'tomato']);
  });

  it('leaves out what a hyphen stands before', () => {
    const query = parseQuery('tomato -soup -"green house" -"');
    expect(words(query.terms)).toEqual(['tomato']);
    expect(phrases(query.excluded)).toEqual([['soup'], ['green', 'house']]);
  });

  it.each(['well-known', '- soup', '--verbose', 'a -'])('takes the hyphen in %j for one', (text) => {
    expect(parseQuery(text).excluded).toEqual([]);
  });

  it('ranks by words that mean nothing only if it has no others', () => {
    expect(words(parseQuery('what is the boundary layer').terms)).toEqual(['boundary', 'layer']);
    expect(words(parseQuery('The Who').terms)).toEqual(['the', 'who']);
    expect(words(parseQuery('The Who').title)).toEqual(['the', 'who']);
    expect(phrases(parseQuery('"to be or not"').required)).toEqual([['to', 'be', 'or', 'not']]);
  });

  it.each(['', '   ', '"', '""', '-', '-""', '…', '\0', '\ud800', '-soup'])('%j finds nothing', (text) => {
    expect(parseQuery(text).terms).toEqual([]);
    expect(parseQuery(text, { prefix: true }).terms).toEqual([]);
  });

  it('is any text whatever', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), fc.boolean(), (text, prefix) => {
        const { terms, required, excluded, title } = parseQuery(text, { prefix });
        expect(terms.length).toBeLessThanOrEqual(64);
        expect(title.length).toBeLessThanOrEqual(64);
        for (const phrase of [...required, ...excluded]) expect(phrase.length).toBeGreaterThan(0);
        for (const { forms } of [...terms, ...title]) expect(forms.length).toBeGreaterThan(0);
      }),
    );
    const hostile = fc
      .array(fc.constantFrom('"', '-', '“', "'", '\\', ':*', ' ', '&', '!', '(', 'a', 'ü', '京'))
      .map((all) => all.join(''));
    fc.assert(fc.property(hostile, (text) => void parseQuery(text, { prefix: true })));
  });

  it('is bounded', () => {
    expect(parseQuery('word '.repeat(100_000)).terms).toHaveLength(1);
    const many = Array.from({ length: 1_000 }, (_, index) => `w${index}`).join(' ');
    expect(parseQuery(many).terms).toHaveLength(64);
  });
});

describe('the last word, while it is typed,', () => {
  const VOCABULARY = [
    ...[
      'engineering',
      'possibility',
      'emitting',
      'submitted',
      'universities',
      'generalizations',
      'happiness',
      'ponies',
    ],
    ...[
      'running',
      'argument',
      'hopefulness',
      'organization',
      'relational',
      'flying',
      'bicycles',
      'zürich',
      'データベース',
    ],
  ];

  it.each(VOCABULARY)('keeps finding %s from its second letter on', (word) => {
    for (let length = Math.min(2, word.length); length <= word.length; length++) {
      const typed = word.slice(0, length);
      const { terms } = parseQuery(`tomato ${typed}`, { prefix: true });
      expect(
        terms.some((term) => finds(term, word)),
        typed,
      ).toBe(true);
    }
  });

  it('is the only one that is taken for a beginning', () => {
    const { terms } = parseQuery('eng tomat', { prefix: true });
    expect(terms.map(({ forms }) => forms.some(({ prefix }) => prefix))).toEqual([false, true]);
  });

  it.each(['eng ', '"eng"', 'eng.'])('is done with in %j', (text) => {
    expect(parseQuery(text, { prefix: true }).terms).toEqual(parseQuery('eng').terms);
  });

  it('may be in a phrase or an exclusion', () => {
    expect(parseQuery('"cherry tom', { prefix: true }).required[0]?.[1]?.forms[0]).toEqual({
      term: 'tom',
      prefix: true,
    });
    expect(parseQuery('soup -tom', { prefix: true }).excluded[0]?.[0]?.forms[0]).toEqual({ term: 'tom', prefix: true });
  });

  it('is found though it means nothing yet', () => {
    expect(words(parseQuery('tomato th', { prefix: true }).terms)).toEqual(['tomato', 'th']);
    expect(words(parseQuery('tomato the', { prefix: true }).terms)).toEqual(['tomato', 'the']);
  });
});
