import { expect, it } from 'vitest';
import { actionOf, KEYS, type KeyPress, stepped } from '../src/shell/keys.ts';

const press = (key: string, change: Partial<KeyPress> = {}): KeyPress => {
  return { key, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, defaultPrevented: false, ...change };
};

it.each(Object.entries(KEYS))('knows %s', (action, { key }) => {
  expect(actionOf(press(key), false)).toBe(action);
});

it('is text while somebody types, but for the way out', () => {
  for (const { key } of Object.values(KEYS)) expect(actionOf(press(key), true)).toBe(key === 'Escape' ? 'close' : null);
});

it.each(['ctrlKey', 'metaKey', 'altKey', 'isComposing', 'defaultPrevented'] as const)('is nothing with %s', (flag) => {
  expect(actionOf(press('/', { [flag]: true }), false)).toBeNull();
});

it('is nothing for any other key', () => {
  for (const key of ['a', 'J', 'Enter', 'Dead', 'toString', '__proto__'])
    expect(actionOf(press(key), false)).toBeNull();
});

it.each([
  [-1, 1, 3, 0],
  [-1, -1, 3, 2],
  [0, -1, 3, 0],
  [2, 1, 3, 2],
  [1, 1, 3, 2],
] as const)('steps from %i by %i among %i to %i', (current, step, count, to) => {
  expect(stepped(current, step, count)).toBe(to);
});
