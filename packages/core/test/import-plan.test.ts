import { createHash } from 'node:crypto';
import { newEntityId } from '@synap/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksumFrom, importPath, type KnownFile, type ListedFile, planImport } from '../src/index.ts';

const sha = (content: string) => createHash('sha256').update(content).digest('hex');
const file = (path: string, content: string): ListedFile => {
  return { path, size: content.length, sha256: sha(content), modifiedAt: '2020-01-01T00:00:00.000Z' };
};
function known(path: string, content: string, more: Partial<KnownFile> & { now?: string } = {}): KnownFile {
  const checksum = checksumFrom(sha(content));
  const { now = content, ...rest } = more;
  if (!checksum) throw new Error('That is a SHA-256.');
  return {
    entityId: newEntityId(),
    path,
    checksum,
    entityChecksum: checksumFrom(sha(now)) ?? null,
    deleted: false,
    ...rest,
  };
}
const actions = (files: ListedFile[], there: KnownFile[], complete = true) =>
  planImport(files, there, complete).map(({ action, code, from }) => [action, code ?? from].filter(Boolean).join(' '));

describe('planImport', () => {
  it.each([
    ['a new file', [file('a', '1')], [], ['create']],
    ['the same again', [file('a', '1')], [known('a', '1')], ['unchanged']],
    ['a changed file', [file('a', '2')], [known('a', '1')], ['update']],
    ['a change in Synap alone', [file('a', '1')], [known('a', '1', { now: '2' })], ['unchanged']],
    ['changes on both sides', [file('a', '2')], [known('a', '1', { now: '3' })], ['conflict BOTH_CHANGED']],
    ['the same change on both sides', [file('a', '2')], [known('a', '1', { now: '2' })], ['update']],
    ['what was deleted in Synap', [file('a', '1')], [known('a', '1', { deleted: true })], ['conflict DELETED_HERE']],
    ['a moved file', [file('b', '1')], [known('a', '1')], ['moved a']],
    ['a copy', [file('a', '1'), file('b', '1')], [known('a', '1')], ['unchanged', 'create']],
    ['two that went to two', [file('c', ''), file('d', '')], [known('a', ''), known('b', '')], ['moved a', 'moved b']],
    ['what went to two places', [file('b', '1'), file('c', '1')], [known('a', '1')], ['moved a', 'create']],
    ['what was deleted, elsewhere', [file('b', '1')], [known('a', '1', { deleted: true })], ['create']],
    [
      'two that changed places',
      [file('a', '2'), file('b', '1')],
      [known('a', '1'), known('b', '2')],
      ['update', 'update'],
    ],
    ['NFD and NFC of one name', [file('e\u0301', '1'), file('\u00e9', '2')], [], ['create', 'refused DUPLICATE_PATH']],
    ['NFD of what is known as NFC', [file('e\u0301', '1')], [known('\u00e9', '1')], ['unchanged']],
    ['names that differ in case', [file('a', '1'), file('A', '1')], [known('a', '1')], ['unchanged', 'create']],
  ])('%s', (_what, files, there, expected) => {
    expect(actions(files, there)).toEqual(expected);
  });

  it('knows nothing of moves where the list is not complete', () => {
    expect(actions([file('b', '1')], [known('a', '1')], false)).toEqual(['create']);
  });

  it.each(['', '/a', 'a//b', '../a', 'a/../../b', 'a/.', 'a/', '\ud800', 'a\0b', 'x'.repeat(1801)])(
    'refuses %j',
    (path) => {
      expect(importPath(path)).toBeUndefined();
      expect(actions([file(path, '1')], [])).toEqual(['refused PATH_REFUSED']);
    },
  );

  it('leads out of no folder, whatever the path', () => {
    const part = fc.constantFrom('..', '.', '', 'a', ' ', '\\', '...', '\u2024\u2024', '%2e%2e');
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join('/')),
        (path) => {
          const { pathname } = new URL(encodeURI(importPath(path) ?? 'fine').replaceAll('%25', '%'), 'file:///root/');
          if (importPath(path) !== undefined && !path.includes('%2e') && !path.includes('\\')) {
            expect(pathname.startsWith('/root/')).toBe(true);
          }
        },
      ),
    );
  });

  it('takes a SHA-256 in every spelling', () => {
    const hex = sha('x');
    const base64 = Buffer.from(hex, 'hex').toString('base64');
    for (const spelling of [hex, hex.toUpperCase(), base64, `sha256:${base64}`]) {
      expect(checksumFrom(spelling)).toBe(`sha256:${base64}`);
    }
    expect(checksumFrom('abc')).toBeUndefined();
  });
});
