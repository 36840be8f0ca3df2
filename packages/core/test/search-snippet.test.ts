import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQuery } from '../src/search/query.ts';
import { snippetOf } from '../src/search/snippet.ts';

const FILLER = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit. '.repeat(40);
const marked = (text: string, query: string) => {
  const { text: snippet, highlights } = snippetOf(text, parseQuery(query));
  return { snippet, marks: highlights.map(({ start, end }) => snippet.slice(start, end)) };
};

describe('a snippet', () => {
  it('marks words by their stems, without accents, in any script', () => {
    expect(marked('Engineers at the café met 東京の人', 'engineering CAFE 東京').marks).toEqual([
      'Engineers',
      'café',
      '東京',
    ]);
  });

  it('is the place where most of the query stands together', () => {
    const text = `tomato ${FILLER} the cherry tomato soup of the garden ${FILLER} garden`;
    const { snippet, marks } = marked(text, 'garden tomato cherry');
    expect(marks).toEqual(['cherry', 'tomato', 'garden']);
    expect(snippet).toContain('cherry tomato soup');
  });

  it('prefers a phrase to its words apart, and marks it as one', () => {
    const text = `tomato and cherry, cherry and tomato ${FILLER} a cherry tomato ${FILLER}`;
    const { snippet, marks } = marked(text, '"cherry tomato"');
    expect(marks).toEqual(['cherry tomato']);
    expect(snippet).toContain('a cherry tomato');
  });

  it('is about 200 characters, cut between words', () => {
    const { snippet } = marked(`${FILLER} needle ${FILLER}`, 'needle');
    expect(snippet.length).toBeGreaterThan(120);
    expect(snippet.length).toBeLessThanOrEqual(201);
    for (const word of snippet.split(/[ ,.]+/).filter(Boolean))
      expect(`${FILLER} needle`.split(/[ ,.]+/)).toContain(word);
  });

  it('is the beginning where nothing matches', () => {
    expect(marked('# Title\n\nThe beginning', 'elsewhere')).toEqual({ snippet: 'Title The beginning', marks: [] });
    expect(marked('', 'elsewhere')).toEqual({ snippet: '', marks: [] });
  });

  it('is one line without the noise of Markdown', () => {
    const text = '## Head\n\n> **Bold** and `code` in [[A page]]\n\n- tomato\n- soup';
    expect(marked(text, 'tomato').snippet).toBe('Head Bold and code in A page tomato soup');
  });

  it('keeps dashes and signs that stand within a line', () => {
    expect(marked('Tomato - a fruit. Cherry > plum', 'tomato cherry').snippet).toBe('Tomato - a fruit. Cherry > plum');
    expect(marked('one tomato\n- two\n> tomato - three', 'tomato').snippet).toBe('one tomato two tomato - three');
    const start = marked(`${'word '.repeat(40)}- tomato`, 'tomato').snippet;
    expect(start).toMatch(/word - tomato$/);
  });

  it('marks what is still being typed', () => {
    const { text, highlights } = snippetOf('the engineering of', parseQuery('engineeri', { prefix: true }));
    expect(highlights.map(({ start, end }) => text.slice(start, end))).toEqual(['engineering']);
  });

  it('fits its highlights whatever the text', () => {
    const noisy = fc.array(
      fc.oneof(
        fc.constantFrom('tomato', 'Tomatoes', '京', '\n# ', '**', '[[', ']]', ' ', '\r\n', '👍', '\ud83d'),
        fc.string({ unit: 'binary' }),
      ),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(noisy, (parts) => {
        const { text, highlights } = snippetOf(parts.join(''), parseQuery('tomato 京'));
        let end = 0;
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toMatch(/[\n\r\t]/);
        for (const span of highlights) {
          expect(span.start).toBeGreaterThanOrEqual(end);
          expect(span.end).toBeLessThanOrEqual(text.length);
          expect(text.slice(span.start, span.end)).toMatch(/tomato|京/i);
          end = span.end;
        }
      }),
      { numRuns: 300 },
    );
  });
});
