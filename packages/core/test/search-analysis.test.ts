import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze, stemOf } from '../src/search/analyze.ts';
import { indexChunks, indexHeading } from '../src/search/index-rows.ts';

const termsOf = (text: string) => [...analyze(text)].map(({ term }) => term);
const allTermsOf = (text: string) => [...analyze(text)].flatMap(({ term, more }) => [term, ...more]);

describe('the words of a text', () => {
  it.each([
    ['in English, stemmed', 'The engineers were running', ['the', 'engin', 'were', 'run']],
    ['without accents and case', 'Café ZÜRICH naïve Ångström', ['cafe', 'zurich', 'naiv', 'angstrom']],
    ['with accents as marks of their own', 'cafe\u0301 Zu\u0308rich', ['cafe', 'zurich']],
    ['with letters that take no accent', 'Straße Ærø Łódź', ['strass', 'aero', 'lodz']],
    ['in Greek, whatever the place of the sigma', 'Ὀδυσσεύς ΟΔΥΣΣΕΥΣ', ['οδυσσευσ', 'οδυσσευσ']],
    ['in Cyrillic: ё is е, й is й', 'Ёлка мой за\u0301мок', ['елка', 'мой', 'замок']],
    ['in Chinese', '我喜欢机器学习', ['我', '喜欢', '机器', '学习']],
    ['in Japanese', '東京でデータベースを使う', ['東京', 'で', 'データベース', 'を', '使う']],
    ['in Thai, vowels kept', 'ภาษาไทย', ['ภาษา', 'ไทย']],
    ['in Hindi, vowels kept', 'हिन्दी भाषा', ['हिन्दी', 'भाषा']],
    ['in Korean', '한국어 문서', ['한국어', '문서']],
    ['of full and half width', 'ＡＢＣ ｶﾞｽ', ['abc', 'ガス']],
    ['in code', 'snake_case foo.bar(baz)', ['snake', 'case', 'foo', 'bar', 'baz']],
    [
      'in addresses',
      'https://example.com/a?b=1 me@example.org',
      [...['https', 'exampl', 'com', 'a', 'b', '1'], ...['me', 'exampl', 'org']],
    ],
    ['in numbers', '3.14 2026-11-25 v0.3', ['3', '14', '2026', '11', '25', 'v0', '3']],
    ['with apostrophes', "Who's don't l'été O’Brien", ['who', 'dont', 'l', 'ete', 'o', 'brien']],
    ['that hold more than letters', 'ﬁn ½ ⑴', ['fin', '12', '1']],
    ['of which there are none', ' .,-!? \u0000\u200b\ud800', []],
  ])('%s', (_, text, terms) => {
    expect(termsOf(text)).toEqual(terms);
  });

  it.each([
    ['a hyphen joins', 'e-mail', 'email'],
    ['a hump divides', 'getUserName', 'user'],
    ['a hump divides abbreviations', 'HTTPServer', 'server'],
    ['a long Chinese word holds others', '研究生', '研究'],
  ])('are found by more than themselves where %s', (_, text, term) => {
    expect(allTermsOf(text)).toContain(term);
    expect(termsOf(text)).not.toContain(term);
  });

  it('stand where they say, in order, and are made of letters and digits alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        let end = 0;
        for (const token of analyze(text)) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          expect(text.slice(token.start, token.end)).toBe(token.text);
          end = token.end;
          for (const term of [token.term, ...token.more]) expect(term).toMatch(/^[\p{L}\p{N}\p{M}]{1,80}$/u);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are the same in either Unicode form', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^(?:[a-zà-ž]+|[α-ω]+|[а-яё]+|[가-힣]+|[ぁ-ゖ]+)$/u)), (words) => {
        const text = words.join(' ');
        expect(termsOf(text.normalize('NFD'))).toEqual(termsOf(text.normalize('NFC')));
      }),
    );
  });

  it('are cut where nobody would write so long a one', () => {
    const [term = ''] = termsOf('x'.repeat(5_000));
    expect(term).toHaveLength(80);
    expect(termsOf('\u{20000}'.repeat(500)).every((one) => one.isWellFormed())).toBe(true);
  });

  // Each of these would take minutes if anything took the square of its length.
  it.each([
    ['one that looks like a name', `aAa${'b'.repeat(1_000_000)}`],
    ['a name of very many parts', 'aB'.repeat(500_000)],
    ['two with a hyphen', `${'a'.repeat(500_000)}-${'b'.repeat(500_000)}`],
    ['one of marks', `a${'\u0315\u0300'.repeat(500_000)}`],
    ['one of marks where no space divides words', `大${'\u0315\u0300'.repeat(500_000)}`],
    ['a decomposed one where no space divides words', `大${'e\u0301'.repeat(500_000)}`],
    ['one in Korean letters where no space divides words', `大${'\u1112\u1161\u11ab'.repeat(300_000)}`],
  ])('are cut before anything is done with them: %s', (_, text) => {
    const terms = allTermsOf(text);
    expect(terms.length).toBeLessThanOrEqual(4);
    for (const term of terms) expect(term.length).toBeLessThanOrEqual(80);
  });

  it('divide composed and decomposed text at the same places', () => {
    const text = '東京でがくせいの한국어café漢字ガ、ぱぴぷ学生';
    const decomposed = text.normalize('NFD');
    expect([...analyze(decomposed)].map((token) => token.text.normalize('NFC'))).toEqual(
      [...analyze(text)].map((token) => token.text),
    );
  });
});

describe('the stem', () => {
  it.each([
    ['engineering', 'engin'],
    ['generalizations', 'general'],
    ['ponies', 'poni'],
    ['skis', 'ski'],
    ['news', 'news'],
    ['x86', 'x86'],
    ['zürich', 'zürich'],
  ])('of %s is %s', (word, stem) => {
    expect(stemOf(word)).toBe(stem);
  });
});

describe('index rows', () => {
  const places = (terms: string) =>
    Object.fromEntries([...terms.matchAll(/'([^']+)':(\S+)/g)].map(([, term, list]) => [term, list]));

  it('say which terms stand where', async () => {
    const [chunk, ...more] = await indexChunks('Hello hello, engines!');
    expect(more).toEqual([]);
    expect(chunk?.length).toBe(3);
    expect(places(chunk?.terms ?? '')).toEqual({ hello: '1,2', engin: '3' });
  });

  it.each([['', null, 'no words: …']])('are one for a content without words', async (text) => {
    expect(await indexChunks(text)).toEqual([{ terms: '', length: 0 }]);
    expect(await indexChunks(null)).toEqual([{ terms: '', length: 0 }]);
    expect(await indexChunks('…')).toEqual([{ terms: '', length: 0 }]);
  });

  it('of a long content overlap, so that every phrase is whole in one of them', async () => {
    const words = Array.from({ length: 2_345 }, (_, index) => `w${index}`);
    const chunks = await indexChunks(words.join(' '));
    expect(chunks.map(({ length }) => length)).toEqual([500, 500, 500, 500, 345]);
    const inside = chunks.map(({ terms }) => places(terms));
    for (let start = 0; start + 8 < words.length; start++) {
      const phrase = words.slice(start, start + 8);
      const whole = inside.some((terms) =>
        phrase.every((word, index) => Number(terms[word]) === Number(terms[phrase[0] ?? '']) + index),
      );
      expect(whole, phrase.join(' ')).toBe(true);
    }
  });

  it('keep no more places of a term than PostgreSQL does', async () => {
    const [chunk] = await indexChunks('word '.repeat(500));
    expect(places(chunk?.terms ?? '').word?.split(',')).toHaveLength(255);
  });

  it.each([
    ['long words of several bytes a letter', (n: number) => `${String.fromCodePoint(0x20000 + n).repeat(40)}`],
    [
      'compounds of very many parts',
      (n: number) => String.fromCharCode(...Array.from({ length: 79 }, (_, i) => 0x4e00 + ((n * 79 + i) % 20_000))),
    ],
    [
      'names of very many parts',
      (n: number) =>
        Array.from({ length: 13 }, (_, i) => `X${(n * 13 + i + 100_000).toString(26).replace(/\d/g, 'q')}`).join(''),
    ],
  ])('are far below what PostgreSQL takes, in every chunk and the heading: %s', async (_, word) => {
    const text = Array.from({ length: 2_000 }, (_, n) => word(n)).join(' ');
    const chunks = await indexChunks(text);
    const heading = indexHeading({ title: text, tags: [text], path: text });
    for (const { terms } of [...chunks, heading]) expect(Buffer.byteLength(terms)).toBeLessThan(300_000);
    expect(chunks.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThanOrEqual(2_000);
  });

  it('weigh the title, tags and path apart, and the path only for what it adds', () => {
    const heading = indexHeading({ title: 'The Who', tags: ['rock/british'], path: 'music/bands/The Who.md' });
    expect(heading).toMatchObject({ titleLength: 2, length: 6 });
    expect(places(heading.terms)).toEqual({
      ...{ the: '1A', who: '2A' },
      ...{ rock: '103B', british: '104B', music: '205C', band: '206C' },
    });
  });
});
