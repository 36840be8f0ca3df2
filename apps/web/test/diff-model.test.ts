import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compare, type Line } from '../src/history/diff-model.ts';

const linesOf = (before: string, after: string): Line[] =>
  (compare(before, after)?.blocks ?? []).flatMap((block) => [...block.lines]);
const textOf = ({ pieces }: Line) => pieces.map(({ text }) => text).join('');

it('shows the words that changed within a line', () => {
  expect(linesOf('a b c\nsame', 'a x c\nsame')).toEqual([
    {
      kind: 'removed',
      pieces: [
        { kind: 'same', text: 'a ' },
        { kind: 'removed', text: 'b' },
        { kind: 'same', text: ' c' },
      ],
    },
    {
      kind: 'added',
      pieces: [
        { kind: 'same', text: 'a ' },
        { kind: 'added', text: 'x' },
        { kind: 'same', text: ' c' },
      ],
    },
    { kind: 'same', pieces: [{ kind: 'same', text: 'same' }] },
  ]);
});

it('finds nothing in what is the same, also but for the newline at the end', () => {
  expect(compare('a\nb', 'a\nb')).toMatchObject({ added: 0, removed: 0 });
  expect(compare('a\nb', 'a\nb\n')).toMatchObject({ added: 0, removed: 0 });
});

it('folds what is far from any change', () => {
  const many = Array.from({ length: 50 }, (_, n) => `line ${n}`).join('\n');
  const blocks = compare(many, `${many}\nmore`)?.blocks ?? [];
  expect(blocks.map(({ type, lines }) => [type, lines.length])).toEqual([
    ['fold', 47],
    ['lines', 4],
  ]);
});

it('gives both texts back, whatever they are', () => {
  const text = fc
    .array(fc.constantFrom('', 'a', 'b b', 'c <x>', '\r', 'd\u2028e'), { maxLength: 12 })
    .map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = linesOf(before, after);
      const side = (kind: 'added' | 'removed') =>
        lines
          .filter((line) => line.kind !== kind)
          .map(textOf)
          .join('\n');
      const plain = (value: string) => value.replace(/\n$/, '').replace(/\r(?=\n|$)/g, '');
      expect(side('added')).toBe(plain(before));
      expect(side('removed')).toBe(plain(after));
    }),
  );
});
