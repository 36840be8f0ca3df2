import { describe, expect, it } from 'vitest';
import { foldPath, linksOf, nameOf, namesOfLink, resolveLink } from '../src/index.ts';

const FILES = [
  'Home.md',
  'Projects/Garden.md',
  'Projects/Old/Garden.md',
  'Projects/Old/Home.md',
  'Archive/Deep/Only.md',
  'Media/photo.png',
  'Media/photo.png.md',
  'a b/c d.md',
  'Caf\u00e9.md',
  'v1.2.md',
  'LICENSE',
  'LICENSE.md',
];

/** The way of a link from text to file, with the candidates that its name gives. */
function follow(text: string, from: string): string | undefined {
  const [link] = linksOf(text);
  if (!link) throw new Error('There is no link.');
  const names = new Set(namesOfLink(link).map(foldPath));
  const candidates = FILES.filter((path) => names.has(foldPath(nameOf(path)))).map((path) => ({ path }));
  return resolveLink(link, from, candidates)?.path;
}

describe('a link leads', () => {
  it.each([
    ['[[Home]]', 'Projects/x.md', 'Home.md', 'to the path from the root'],
    ['[[home]]', 'Projects/Old/x.md', 'Home.md', 'whatever its case, the root before the folder'],
    ['[[Garden]]', 'Home.md', 'Projects/Garden.md', 'to the least deep of the same name'],
    ['[[Garden]]', 'Projects/Old/x.md', 'Projects/Old/Garden.md', 'to the one in the folder of the note'],
    ['[[Old/Garden]]', 'Home.md', 'Projects/Old/Garden.md', 'to the end of a path'],
    ['[[Projects/Old/Garden.md]]', 'Home.md', 'Projects/Old/Garden.md', 'with its extension'],
    ['[[Only]]', 'Home.md', 'Archive/Deep/Only.md', 'anywhere'],
    ['[[/Home]]', 'Projects/x.md', 'Home.md', 'from the root, with a slash'],
    ['![[photo.png]]', 'Home.md', 'Media/photo.png', 'to a file before a note called like it'],
    ['[[LICENSE]]', 'Home.md', 'LICENSE.md', 'to a note before a file without extension'],
    ['[[v1.2]]', 'Home.md', 'v1.2.md', 'to a note with a dot in its name'],
    ['[[Cafe\u0301]]', 'Home.md', 'Caf\u00e9.md', 'however its accents are encoded'],
    ['[x](Home.md)', 'Projects/Old/x.md', 'Projects/Old/Home.md', 'in Markdown, from its own folder first'],
    ['[x](../Garden.md)', 'Projects/Old/x.md', 'Projects/Garden.md', 'upwards'],
    ['[x](../a%20b/c%20d.md#h)', 'Projects/x.md', 'a b/c d.md', 'with spaces'],
    ['[x](./Garden)', 'Projects/x.md', 'Projects/Garden.md', 'without extension'],
    ['[x](/Home.md)', 'Projects/Old/x.md', 'Home.md', 'from the root'],
  ])('%s in %s: %s', (text, from, to) => {
    expect(follow(text, from)).toBe(to);
  });

  it.each([
    ['[[Nowhere]]', 'Home.md'],
    ['[x](../../Home.md)', 'Projects/x.md'],
    ['[x](../Only.md)', 'Projects/x.md'],
    ['[[rden]]', 'Home.md'],
    ['[[ld/Garden]]', 'Home.md'],
    ['[[#Part]]', 'Home.md'],
    ['[[..]]', 'Projects/x.md'],
  ])('%s in %s leads nowhere', (text, from) => {
    expect(follow(text, from)).toBeUndefined();
  });
});
