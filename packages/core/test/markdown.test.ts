import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frontMatterOf, linksOf, parseNote } from '../src/index.ts';

const targets = (text: string) => linksOf(text).map((link) => link.target);
const tags = (text: string) => parseNote(text, 'a.md').tags;
const codes = (text: string) => parseNote(text, 'a.md').warnings.map((warning) => warning.code);

describe('links', () => {
  it.each([
    ['[[Note]]', { target: 'Note', heading: null, alias: null, embed: false, kind: 'wiki' }],
    ['[[Note#Part one|shown]]', { target: 'Note', heading: 'Part one', alias: 'shown', embed: false, kind: 'wiki' }],
    ['[[Note#^block]]', { target: 'Note', heading: '^block', alias: null, embed: false, kind: 'wiki' }],
    ['[[#Here]]', { target: '', heading: 'Here', alias: null, embed: false, kind: 'wiki' }],
    ['![[image.png|300]]', { target: 'image.png', heading: null, alias: '300', embed: true, kind: 'wiki' }],
    ['| [[Note\\|shown]] |', { target: 'Note', heading: null, alias: 'shown', embed: false, kind: 'wiki' }],
    ['[[[Note]]]', { target: 'Note', heading: null, alias: null, embed: false, kind: 'wiki' }],
    ['[x](../a%20b.md#h)', { target: '../a b.md', heading: 'h', alias: 'x', embed: false, kind: 'markdown' }],
    ['![x](i.png "Title")', { target: 'i.png', heading: null, alias: 'x', embed: true, kind: 'markdown' }],
    ['[x](<a b.md>)', { target: 'a b.md', heading: null, alias: 'x', embed: false, kind: 'markdown' }],
    ['[x](a(1).md)', { target: 'a(1).md', heading: null, alias: 'x', embed: false, kind: 'markdown' }],
    ['[x](100%.md)', { target: '100%.md', heading: null, alias: 'x', embed: false, kind: 'markdown' }],
  ])('%s', (text, link) => {
    expect(linksOf(text)).toEqual([link]);
    expect(linksOf(`word ${text} word\r\n`)).toEqual([link]);
  });

  it('finds a picture within a link, and both', () => {
    expect(targets('[![alt](pic.png)](note.md)')).toEqual(['pic.png', 'note.md']);
  });

  it.each([
    '`[[Note]]`',
    '``a ` [[Note]] ``',
    '```\n[[Note]]\n```',
    '~~~md\n[[Note]]\n```\n[[Note]]\n~~~',
    '- ```\n  [[Note]]\n  ```',
    '> ```\n> [[Note]]\n> ```',
    '```\n[[Note]]',
    '    [[Note]]',
    'a\n\n\t[[Note]]',
    'a\r\n\r\n    [[Note]]\r\n',
    '---\nx: y\n---\n\n    [[Note]]',
    'a\n\n    code\n\n      [[Note]]\n    [[Note]]',
    '- a\n\nb\n\n    [[Note]]',
    '    ```\n    [[Note]]',
    '\\[[Note]]',
    '[[Note]',
    '[[ ]]',
    '[[a\nb]]',
    '[x](https://example.org/a.md)',
    '[x](mailto:a@example.org)',
    '[x](//example.org/a)',
    '[x] (a.md)',
    'a](b.md)',
    '[x](a b.md)',
  ])('sees none in %j', (text) => {
    expect(linksOf(text)).toEqual([]);
  });

  it.each([
    ['> ```\n> code\n\n[[Note]]', 'a quoted fence ends with its quote'],
    ['a ` b\n\n[[Note]] ` c', 'code does not go over a blank line'],
    ['- a ` b\n- [[Note]] ` c', 'nor from one item of a list to the next'],
    ['````\n```\n````\n[[Note]]', 'a fence is closed by one that is as long'],
    ['``` a ` b\n[[Note]]', 'backticks in its line make it no fence'],
    ['a `` b [[Note]] ` c', 'a run of backticks without its like is text'],
    ['a\n    [[Note]]', 'a paragraph goes on, however far it is indented'],
    ['a\n\n   [[Note]]', 'three spaces make no code'],
    ['- a\n\n    [[Note]]', 'text of an item of a list'],
    ['1. a\n\n\t- b\n\n\t\t[[Note]]', 'text of an item within another'],
    ['- a\n\n  b\n\n    [[Note]]', 'an item of several paragraphs'],
    ['-\n  a\n\n    [[Note]]', 'an item that begins below its mark'],
    ['[^1]: a\n\n    [[Note]]', 'text of a footnote'],
    ['    code\n[[Note]]', 'code ends with a line that is not indented'],
    ['    ```\n[[Note]]', 'code holds no fence'],
  ])('finds the one in %j: %s', (text) => {
    expect(targets(text)).toEqual(['Note']);
  });

  it('reads those of the front matter', () => {
    expect(targets('---\nup: "[[Home]]"\n---\n[[Note]]')).toEqual(['Home', 'Note']);
  });
});

describe('tags', () => {
  it.each([
    ['#one and #two/three, #vier!', ['one', 'two/three', 'vier']],
    ['#fff is one, #1984 is none, #y1984 is', ['fff', 'y1984']],
    ['# heading\n## more\n#tag', ['tag']],
    ['a#b http://x.org/#c [[n#d]] [x](y.md#e) `#f` \\#g', []],
    ['#日本語 #été #emoji🎉 #a_b-c', ['日本語', 'été', 'emoji🎉', 'a_b-c']],
    ['#a #A #a', ['a']],
    ['```\n#code\n```', []],
    ['---\ntags: [x, "#y/z", 2024]\ntag: w\n---\n#x #v', ['x', 'y/z', '2024', 'w', 'v']],
    ['---\ntags: a, b c\n---\n', ['a', 'b', 'c']],
    ['---\nTags:\n  - a\n  -\n  - {b: c}\n---\n', ['a']],
  ])('%j', (text, expected) => {
    expect(tags(text)).toEqual(expected);
  });

  it('are cut where there are too many or too long ones, with a warning and no failure', () => {
    const many = parseNote(Array.from({ length: 150 }, (_, index) => `#t${index}`).join(' '), 'a.md');
    expect(many.tags).toHaveLength(100);
    expect(many.warnings).toMatchObject([{ code: 'TAGS_CUT' }]);
    expect(parseNote(`#${'x'.repeat(101)} #ok`, 'a.md')).toMatchObject({
      tags: ['ok'],
      warnings: [{ code: 'TAGS_CUT' }],
    });
    expect(tags('---\ntags: ["a\\u0007b", "\\ud800"]\n---\n')).toEqual([]);
  });
});

describe('front matter', () => {
  it.each([
    ['---\ntitle: T\n---\nx', 'T'],
    ['\ufeff---\r\ntitle: "T"\r\n---\r\nx', 'T'],
    ['---\ntitle: 2024\n...\nx', '2024'],
    ['---\ntitle:\n---\n', 'name'],
    ['---\ntitle: [a]\n---\n', 'name'],
    ['---\ntitle: "  "\n---\n', 'name'],
    ['--- \ntitle: T', 'name'],
    ['text\n---\ntitle: T\n---\n', 'name'],
    ['---\n---\n', 'name'],
  ])('%j is called %s', (text, title) => {
    expect(parseNote(text, 'folder/name.md').title).toBe(title);
  });

  it('that is broken is a warning, and the note is read all the same', () => {
    expect(parseNote('---\n{{date}}: [\n---\n#tag [[n]]', 'a.md')).toMatchObject({
      title: 'a',
      tags: ['tag'],
      links: [{ target: 'n' }],
      warnings: [{ code: 'FRONT_MATTER_BROKEN' }],
    });
    expect(codes('---\n- a list\n---\n')).toEqual(['FRONT_MATTER_BROKEN']);
    expect(codes(`---\ntitle: ${'x'.repeat(501)}\n---\n`)).toEqual(['TITLE_UNUSABLE']);
  });

  it('cannot be made to grow by aliases', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 10; i++)
      bomb.push(
        `k${i}: &k${i} [${Array(9)
          .fill(`*${i === 1 ? 'a' : `k${i - 1}`}`)
          .join(',')}]`,
      );
    expect(codes(`---\n${bomb.join('\n')}\n---\n`)).toEqual(['FRONT_MATTER_BROKEN']);
  });

  it('keeps a name that is all extension, and cuts one that is too long', () => {
    expect(parseNote('', '.md').title).toBe('.md');
    expect(parseNote('', `${'😀'.repeat(600)}.md`).title).toBe('😀'.repeat(500));
  });
});

describe('hostile input', () => {
  const MIB = 1024 * 1024;
  /** Work that grows with the square of the length would not end within any time limit. */
  it.each([
    '[',
    '[[',
    '![',
    '[](',
    '](',
    '[[a',
    '[[a]',
    '`',
    '` `` ',
    '\\',
    '#',
    '#a',
    '> ',
    '- ',
    '\n`',
    '\n[[a',
    '\n\n[](<',
    '[x](a "',
    '---\n',
    '---\na: ',
    '{',
    '\u202e',
  ])(
    'megabytes of %j are read in one go',
    (piece) => {
      const text = piece.repeat(((piece === '[' ? 10 : 2) * MIB) / piece.length);
      expect(parseNote(text, 'a.md').title).toBe('a');
      expect(parseNote(`---\n${text}`, 'a.md').title).toBe('a');
    },
    60_000,
  );

  it('nothing makes it throw', () => {
    const piece = fc.constantFrom(
      '[[',
      ']]',
      '[',
      ']',
      '(',
      ')',
      '`',
      '```',
      '~~~',
      '\n',
      '\r\n',
      '#',
      '|',
      '!',
      '<',
      '>',
      '---',
      '\\',
      ' ',
      'a',
      '%',
      '\ud800',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 60 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(text, fc.string({ unit: 'binary' }), (content, path) => {
        const note = parseNote(content, path);
        expect(note.tags.length).toBeLessThanOrEqual(100);
        for (const link of note.links) expect(content).toContain(link.kind === 'wiki' ? '[[' : '](');
      }),
      { numRuns: 2_000 },
    );
  });

  it('finds every link among any other text', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9 ]{0,10}[a-z]$/);
    const filler = fc.constantFrom('', ' ', 'text ', '\n', '\n\n', '> ', '- ', '#tag ', '\\', '*');
    fc.assert(
      fc.property(fc.array(fc.tuple(filler, word)), (parts) => {
        const text = parts.map(([before, name]) => `${before.replace(/\\$/, '\\\\')} [[${name}]] `).join('');
        expect(targets(text)).toEqual(parts.map(([, name]) => name));
      }),
    );
  });

  it('front matter and body are the whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (head, body) => {
        const { text, bodyStart } = frontMatterOf(`---\n${head}\n---\n${body}`);
        expect(`---\n${head}\n---\n${body}`.slice(0, bodyStart)).toContain(text);
      }),
    );
  });
});
