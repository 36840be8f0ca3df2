import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameFromTitle, Places, partsOfPath } from '../src/export/names.ts';

/** Text that means harm to file systems, or looks like it. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '..',
        '/',
        '\\',
        '.',
        ' ',
        'CON',
        'nul',
        'com1',
        ':',
        '\0',
        '\n',
        '\u202e',
        '\ud800',
        '~',
        '|',
        '*',
        '?',
        '<',
        'e\u0301',
        '\u{1f331}',
        '.md',
        '"',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 200 },
  )
  .map((parts) => parts.join(''));

describe('a name from a title', () => {
  it('is one part of a path on every system, whatever the title', () => {
    fc.assert(
      fc.property(hostile, (title) => {
        const name = nameFromTitle(title);
        // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not be there
        expect(name).not.toMatch(/[\u0000-\u001f\u007f-\u009f/\\:*?"<>|#^[\]\u202a-\u202e]/);
        expect(name).not.toMatch(/^[. ]|[. ]$/);
        expect(`${name}.md`).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)\./i);
        expect(name).not.toBe('');
        expect(name.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(`${name} (9999).md`)).toBeLessThanOrEqual(255);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['Plans for spring', 'Plans for spring'],
    ['../../etc/passwd', 'etc passwd'],
    ['con', '_con'],
    ['NUL.txt', '_NUL.txt'],
    ['a\tb\r\nc', 'a b c'],
    ['...', 'untitled'],
    ['', 'untitled'],
    ['Cafe\u0301', 'Caf\u00e9'],
  ])('%j becomes %j', (title, name) => {
    expect(nameFromTitle(title)).toBe(name);
  });
});

describe('the path of something imported', () => {
  it('is as it was where it can be', () => {
    for (const path of ['a/b c/d.md', 'CON.md', 'a:b?.md', '\u65e5\u672c/\u8a9e.md', 'trailing. /x ']) {
      expect(partsOfPath(path, false).join('/')).toBe(path);
    }
    expect(partsOfPath('CON.md/a:b?.md/x. ', true)).toEqual(['_CON.md', 'a_b_.md', 'x__']);
  });

  it('never leads out, on any system', () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (path, windows) => {
        const parts = partsOfPath(path, windows);
        expect(parts.length).toBeGreaterThan(0);
        for (const part of parts) {
          expect(part).not.toMatch(/^\.{0,2}$|[/\0]/);
          expect(part.isWellFormed()).toBe(true);
          expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255);
          if (windows) expect(part).not.toMatch(/[\\:*?"<>|]/);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('places', () => {
  it('go to one file each, and to none where a folder is', () => {
    const part = fc.constantFrom('a', 'A', 'b', 'a (2)', 'e\u0301', '\u00e9');
    const path = fc.array(part, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(path, { maxLength: 30 }), fc.boolean(), (paths, foldCase) => {
        const places = new Places(foldCase);
        const claimed = paths.map((parts) => places.claim(parts));
        const key = (text: string) => (foldCase ? text.normalize('NFC').toLowerCase() : text.normalize('NFC'));
        const files = new Set(claimed.map(key));
        expect(files.size).toBe(claimed.length);
        for (const one of claimed) {
          const parts = one.split('/');
          for (let length = 1; length < parts.length; length++)
            expect(files).not.toContain(key(parts.slice(0, length).join('/')));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('are numbered before the extension', () => {
    const places = new Places(false);
    expect([1, 2, 3].map(() => places.claim(['x', 'a.b.md']))).toEqual(['x/a.b.md', 'x/a.b (2).md', 'x/a.b (3).md']);
    const long = `${'x'.repeat(252)}.md`;
    expect(Buffer.byteLength([places.claim([long]), places.claim([long])][1] ?? '')).toBe(255);
    expect(places.claim(['X', 'A.B.MD'])).toBe('X/A.B.MD');
    expect(places.claim(['x', 'A.b.md'], true)).toBe('x/A.b (4).md');
  });
});
