import { describe, expect, it } from 'vitest';
import { instant } from '../src/commands/get.ts';

describe('an instant', () => {
  it.each([
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2026-01-31T23:59:59Z', '2026-01-31T23:59:59.000Z'],
    ['2026-01-31T23:59:59.123Z', '2026-01-31T23:59:59.123Z'],
    ['2026-01-31T00:30:00+02:00', '2026-01-30T22:30:00.000Z'],
  ])('%s is %s, wherever one is', (text, expected) => {
    expect(instant(text)).toBe(expected);
  });

  it.each([
    '',
    '1',
    'foo 7',
    '2026',
    '2026-02-31',
    '2026-02-29',
    '01/02/2026',
    '2026-1-1',
    ' 2026-01-01',
    '2026-01-31T12:00:00',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:00:00+99:00',
  ])('%j is none', (text) => {
    expect(() => instant(text)).toThrow('UTC');
  });
});
