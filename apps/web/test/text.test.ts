import { LIMITS as API_LIMITS, isBlank as apiIsBlank } from '@synap/types';
import { expect, it } from 'vitest';
import { parseTags } from '../src/edit/tags-text.ts';
import { previewBeyond, previewText, titleOf } from '../src/list/title.ts';
import { frontMatter } from '../src/markdown/front-matter.ts';
import { headingIn } from '../src/note/use-heading.ts';
import { withoutTitle } from '../src/note/without-title.ts';
import { segments, sinceOf, startOf, toggled, withSince } from '../src/search/search-params.ts';
import { formatAgo, formatSize } from '../src/ui/format.ts';
import { isBlank, isTooLarge, LIMITS } from '../src/ui/limits.ts';

it('has the limits of the API', () => {
  expect(API_LIMITS).toMatchObject(LIMITS);
  for (const text of ['', ' \n\t', '\u200b\u2060', '\u0000', '\u3164', 'a', ' . '])
    expect(isBlank(text)).toBe(apiIsBlank(text));
  expect(isTooLarge('é'.repeat(LIMITS.contentBytes / 2))).toBe(false);
  expect(isTooLarge(`${'é'.repeat(LIMITS.contentBytes / 2)}.`)).toBe(true);
});

it.each([
  ['# Title and text', 'Title and text'],
  ['--- tags: a --- Text', 'Text'],
  ['**bold**, _it_ and `code`', 'bold, it and code'],
  ['[[target|alias]] ![[pic.png]] [text](http://x.org "t")', 'alias pic.png text'],
  ['- [ ] todo - [x] done', 'todo done'],
  ['![cut off](https://example.org/a', 'cut off'],
  ['snake_case 2 * 3 * 4', 'snake_case 2 * 3 * 4'],
  ['a <b> & c', 'a <b> & c'],
])('shows %j as %j', (preview, text) => {
  expect(previewText(preview)).toBe(text);
});

it('says in a preview what the title does not', () => {
  expect(previewBeyond('FAQ', '# FAQ Questions')).toBe('Questions');
  expect(previewBeyond('FAQ', 'Other text')).toBe('Other text');
});

it('names what has no title by its words', () => {
  expect(titleOf({ title: 'T', preview: 'p' })).toBe('T');
  expect(titleOf({ title: null, preview: '' })).toBe('Untitled');
  expect(titleOf({ title: null, preview: '😀'.repeat(200) })).toBe(`${'😀'.repeat(100)}…`);
});

it.each([
  ['# T\nrest', 'T', 'rest'],
  ['---\na: 1\n---\n\n# T #\nrest', 'T', '---\na: 1\n---\n\nrest'],
  ['# Other\nrest', 'T', '# Other\nrest'],
  ['text\n# T', 'T', 'text\n# T'],
  ['\uFEFF---\r\na: 1\r\n---\r\n#\tT ##  \r\nrest', 'T', '\uFEFF---\r\na: 1\r\n---\r\nrest'],
  ['---\nno end\n# T', 'T', '---\nno end\n# T'],
  ['#T\nrest', 'T', '#T\nrest'],
])('shows a title once in %j', (content, title, rest) => {
  expect(withoutTitle(content, title)).toBe(rest);
});

it('looks for a title in a long line of spaces in no time to speak of', () => {
  const spaces = ' '.repeat(1_000_000);
  expect(withoutTitle(`# a${spaces}b`, 'T')).toBe(`# a${spaces}b`);
  expect(withoutTitle(`# T${spaces}#${spaces}\nrest`, 'T')).toBe('rest');
  expect(withoutTitle(`---${spaces}x\n${'\n'.repeat(100_000)}# T`, 'T')).toContain('# T');
});

it('reads how far back a search goes from the address', () => {
  const now = Date.parse('2024-03-08T12:00:00Z');
  const params = withSince(new URLSearchParams('q=a&tag=b'), 'week');
  expect(params.toString()).toBe('q=a&tag=b&since=week');
  expect(sinceOf(params)).toBe('week');
  expect(startOf('week', now)).toBe('2024-03-01T12:00:00.000Z');
  expect(withSince(params, '').toString()).toBe('q=a&tag=b');
  for (const text of ['', 'since=', 'since=toString', 'since=decade'])
    expect(sinceOf(new URLSearchParams(text))).toBeNull();
});

it.each(['', '#', '#%', '#%E0%A4%A'])('finds no heading in the address %j', (hash) => {
  expect(headingIn(hash)).toBeNull();
});

it('reads tags as they are typed', () => {
  expect(parseTags('a, #b ,, ##c d,a\n')).toEqual(['a', 'b', 'c d']);
});

it('reads front matter, and shows what is none as it is', () => {
  expect(frontMatter('---\na: 1\nlist: [x, y]\nwhen: 2024-01-02\nmap: {k: v}\n---\ntext')).toEqual([
    { name: 'a', value: '1' },
    { name: 'list', value: 'x, y' },
    { name: 'when', value: '2024-01-02' },
    { name: 'map', value: '{"k":"v"}' },
  ]);
  expect(frontMatter('text\n---\na: 1\n---')).toEqual([]);
  expect(frontMatter('---\na: [\n---\n')).toEqual([{ name: 'Front matter', value: 'a: [' }]);
  const bomb = [
    'a: &a [x,x]',
    ...'bcdefghij'
      .split('')
      .map((name, at) => `${name}: &${name} [*${'abcdefghi'[at]},*${'abcdefghi'[at]},*${'abcdefghi'[at]}]`),
  ];
  expect(JSON.stringify(frontMatter(`---\n${bomb.join('\n')}\n---\n`)).length).toBeLessThan(10_000);
});

it('cuts a snippet at its highlights, whatever they are', () => {
  expect(
    segments('abcdef', [
      { start: 1, end: 3 },
      { start: 2, end: 4 },
      { start: 5, end: 99 },
    ]),
  ).toEqual([
    { text: 'a', hit: false, start: 0 },
    { text: 'bc', hit: true, start: 1 },
    { text: 'd', hit: true, start: 3 },
    { text: 'e', hit: false, start: 4 },
    { text: 'f', hit: true, start: 5 },
  ]);
  expect(segments('', [{ start: 0, end: 1 }])).toEqual([]);
});

it('puts a filter into the address, and takes it out', () => {
  const params = toggled(new URLSearchParams('q=x&type=note'), 'type', 'task');
  expect(params.toString()).toBe('q=x&type=note&type=task');
  expect(toggled(params, 'type', 'note').toString()).toBe('q=x&type=task');
});

it('tells sizes and times', () => {
  expect([0, 1023, 1024, 1536, 200 * 1024, 5 * 1024 ** 3].map(formatSize)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 KiB',
    '1.5 KiB',
    '200 KiB',
    '5.0 GiB',
  ]);
  const now = Date.parse('2026-01-10T12:00:00Z');
  expect(formatAgo('2026-01-10T11:59:30Z', now)).toBe('just now');
  expect(formatAgo('2026-01-10T09:00:00Z', now)).toBe('3 hours ago');
  expect(formatAgo('2026-01-09T11:00:00Z', now)).toBe('yesterday');
  expect(formatAgo('2025-01-09T11:00:00Z', now)).toContain('2025');
});
