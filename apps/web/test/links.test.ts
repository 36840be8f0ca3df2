import { expect, it } from 'vitest';
import { destinationOf, headingId, linkIndex } from '../src/markdown/link-target.ts';

const index = linkIndex([
  { target: 'Garden', kind: 'wiki', entityId: 'g', fileType: 'markdown' },
  { target: 'notes/plan.md', kind: 'wiki', entityId: 'p', fileType: 'markdown' },
  { target: '../files/a b.png', kind: 'wiki', entityId: 'i', fileType: 'image' },
  { target: 'C# notes', kind: 'wiki', entityId: 'c', fileType: 'markdown' },
  { target: 'Cafe\u0301', kind: 'wiki', entityId: 'e', fileType: 'markdown' },
  { target: 'Nowhere', kind: 'wiki', entityId: null, fileType: null },
]);

it.each([
  ['Garden', 'g'],
  ['garden.md', 'g'],
  ['./notes/plan.md', 'p'],
  ['notes%2Fplan.md', 'p'],
  ['../files/a%20b.png', 'i'],
  ['Caf%C3%A9', 'e'],
  ['C%23%20notes', 'c'],
])('finds %s', (address, id) => {
  expect(destinationOf(address, 'wiki', index)).toMatchObject({ kind: 'entity', id });
});

it('tells links apart that have the same name and are written in other ways', () => {
  const both = linkIndex([
    { target: 'a', kind: 'wiki', entityId: 'top', fileType: 'markdown' },
    { target: 'a.md', kind: 'markdown', entityId: 'beside', fileType: 'markdown' },
  ]);
  expect(destinationOf('a', 'wiki', both)).toMatchObject({ id: 'top' });
  expect(destinationOf('a.md', 'markdown', both)).toMatchObject({ id: 'beside' });
});

it('tells the heading', () => {
  expect(destinationOf('Garden%23Roses%20red', 'wiki', index)).toMatchObject({ id: 'g', heading: 'Roses red' });
  expect(destinationOf('#Roses', 'wiki', index)).toEqual({ kind: 'heading', heading: 'Roses' });
  expect(headingId('Part#Roses & Tulips!')).toBe('user-content-roses-tulips');
});

it('shows what leads nowhere', () => {
  expect(destinationOf('Nowhere', 'wiki', index)).toEqual({ kind: 'missing', target: 'Nowhere' });
  expect(destinationOf('%E0%A4%A', 'wiki', index)).toEqual({ kind: 'missing', target: '%E0%A4%A' });
});

it.each(['https://example.org/', 'http://example.org/a#b', 'mailto:a@example.org', 'HTTPS://example.org'])(
  'leads out to %s',
  (url) => {
    expect(destinationOf(url, 'wiki', index)).toEqual({ kind: 'external', url });
  },
);

it.each([
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  '\u0001javascript:alert(1)',
  'vbscript:x',
  'data:text/html,x',
  'file:///etc/passwd',
  '//evil.example/x',
  '\\\\evil.example\\x',
  '',
  '#',
])('refuses %j', (address) => {
  expect(destinationOf(address, 'wiki', index)).toEqual({ kind: 'refused' });
});
