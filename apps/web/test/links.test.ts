import { expect, it } from 'vitest';
import { destinationOf, headingId, linkIndex } from '../src/markdown/link-target.ts';

const index = linkIndex([
  { target: 'Garden', entityId: 'g', fileType: 'markdown' },
  { target: 'notes/plan.md', entityId: 'p', fileType: 'markdown' },
  { target: '../files/a b.png', entityId: 'i', fileType: 'image' },
  { target: 'C# notes', entityId: 'c', fileType: 'markdown' },
  { target: 'Cafe\u0301', entityId: 'e', fileType: 'markdown' },
  { target: 'Nowhere', entityId: null, fileType: null },
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
  expect(destinationOf(address, index)).toMatchObject({ kind: 'entity', id });
});

it('tells the heading', () => {
  expect(destinationOf('Garden%23Roses%20red', index)).toMatchObject({ id: 'g', heading: 'Roses red' });
  expect(destinationOf('#Roses', index)).toEqual({ kind: 'heading', heading: 'Roses' });
  expect(headingId('Part#Roses & Tulips!')).toBe('user-content-roses-tulips');
});

it('shows what leads nowhere', () => {
  expect(destinationOf('Nowhere', index)).toEqual({ kind: 'missing', target: 'Nowhere' });
  expect(destinationOf('%E0%A4%A', index)).toEqual({ kind: 'missing', target: '%E0%A4%A' });
});

it.each(['https://example.org/', 'http://example.org/a#b', 'mailto:a@example.org', 'HTTPS://example.org'])(
  'leads out to %s',
  (url) => {
    expect(destinationOf(url, index)).toEqual({ kind: 'external', url });
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
  expect(destinationOf(address, index)).toEqual({ kind: 'refused' });
});
