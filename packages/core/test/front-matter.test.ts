import { expect, it } from 'vitest';
import { frontMatterOf, linksOf, parseNote } from '../src/index.ts';

const noteOf = (yaml: string) => `---\n${yaml}\n---\n# Body\n[[Linked]]\n`;

// Read as YAML, this would take some twenty seconds.
const SLOW = noteOf('"'.repeat(240_000));

it('is not read as YAML when it is longer than anybody writes it, and the note is kept with a warning', () => {
  const { title, links, warnings } = parseNote(SLOW, 'folder/name.md');
  expect({ title, targets: links.map(({ target }) => target) }).toEqual({ title: 'name', targets: ['Linked'] });
  expect(warnings.map(({ code }) => code)).toEqual(['FRONT_MATTER_BROKEN']);
});

it('is read up to 16 KiB', () => {
  const titled = (length: number) => noteOf(`title: read\n#${'x'.repeat(length - 'title: read\n#\n'.length)}`);
  expect(frontMatterOf(titled(16_384))).toMatchObject({ fields: { title: 'read' }, broken: false });
  expect(frontMatterOf(titled(16_385))).toMatchObject({ fields: {}, broken: true, bodyStart: 16_385 + 8 });
});

it('has its links found without being read', () => {
  // A value that YAML does not take.
  const broken = noteOf('related: "[[Other]]" "[[Third]]"');
  expect(frontMatterOf(broken).broken).toBe(true);
  expect(linksOf(broken).map(({ target }) => target)).toEqual(['Other', 'Third', 'Linked']);
  expect(linksOf(SLOW).map(({ target }) => target)).toEqual(['Linked']);
});
