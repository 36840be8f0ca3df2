import { posix, win32 } from 'node:path';
import { EntityType, isSynapError, newEntityId, newRevisionId, newUserId, storageKey, userId } from '@synap/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildPath, R2Storage } from '../src/index.ts';
import { canBeginKey, encodeKey, fileUrl, isStorageKey } from '../src/paths.ts';

const parts = { userId: userId('u_1'), type: EntityType.NOTE, entityId: newEntityId(), revisionId: newRevisionId() };

/** Strings made of what attacks are made of, as well as of anything else. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '\\',
        '%2e',
        '%2f',
        '%5c',
        ':',
        'C:',
        '\u0000',
        ' ',
        '~',
        'a',
        '\u2025',
        '\uff0e',
        '\ud800',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''));

describe('buildPath', () => {
  it('names a revision', () => {
    const { entityId, revisionId } = parts;
    expect(buildPath(parts)).toBe(`users/u_1/notes/${entityId}/${revisionId}.md`);
    expect(buildPath({ ...parts, extension: 'tar.gz' })).toBe(`users/u_1/notes/${entityId}/${revisionId}.tar.gz`);
  });

  it('names an entity as the plan does', () => {
    const { revisionId: _, ...entity } = parts;
    expect(buildPath(entity)).toBe(`users/u_1/notes/${parts.entityId}.md`);
    expect(R2Storage.buildPath('u_1', 'task', parts.entityId)).toBe(`users/u_1/tasks/${parts.entityId}.md`);
    expect(R2Storage.buildPath('u_1', 'task', parts.entityId, 'pdf')).toBe(`users/u_1/tasks/${parts.entityId}.pdf`);
  });

  it.each(['', '.md', 'md.', 'a/b', '../x', 'a..b', 'a b', 'a%2e', 'a\u0000'])(
    'refuses the extension %j',
    (extension) => {
      expect(() => buildPath({ ...parts, extension })).toThrowError(
        expect.objectContaining({ code: 'INVALID_STORAGE_KEY' }),
      );
    },
  );

  it.each(['', '..', '../other', 'a/b', 'a\\b', '.hidden', 'a\u0000'])('refuses the part %j', (part) => {
    const refused = expect.objectContaining({ code: 'INVALID_STORAGE_KEY' });
    expect(() => R2Storage.buildPath(part, 'note', parts.entityId)).toThrowError(refused);
    expect(() => R2Storage.buildPath('u_1', 'note', part)).toThrowError(refused);
    if (part !== '') expect(() => R2Storage.buildPath('u_1', part, parts.entityId)).toThrowError(refused);
  });

  it('makes only keys that are accepted', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/).map(userId), fc.constantFrom(newUserId())),
        fc.constantFrom(...Object.values(EntityType)),
        fc.option(fc.constant(newRevisionId()), { nil: undefined }),
        fc.stringMatching(/^[a-z0-9]{1,8}$/),
        (user, type, revisionId, extension) => {
          const entity = { userId: user, type, entityId: newEntityId(), extension };
          const key = buildPath(revisionId === undefined ? entity : { ...entity, revisionId });
          expect(storageKey(key)).toBe(key);
          expect(key.startsWith(`users/${user}/${type}s/`)).toBe(true);
        },
      ),
    );
  });

  it('keeps whatever it is given inside the folder of the user, or refuses it', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (user, entity, extension) => {
        let key: string;
        try {
          key = R2Storage.buildPath(user, 'note', entity, extension);
        } catch (error) {
          if (!isSynapError(error, 'INVALID_STORAGE_KEY')) throw error;
          return;
        }
        expect(posix.normalize(key)).toBe(key);
        expect(key.startsWith(`users/${user}/notes/`)).toBe(true);
      }),
    );
  });
});

describe('a storage key', () => {
  it('never leads out of the root, whatever the system', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        if (!isStorageKey(value)) return;
        expect(posix.relative('/srv/root', posix.resolve('/srv/root', value))).toBe(value);
        const onWindows = win32.relative('C:\\root', win32.resolve('C:\\root', value));
        expect(onWindows).toBe(value.replaceAll('/', '\\'));
      }),
      { numRuns: 2_000 },
    );
  });

  it('comes back from a URL as it was', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        if (!isStorageKey(value)) return;
        const { pathname } = new URL(fileUrl(value), 'http://localhost');
        expect(pathname).toBe(`/files/${encodeKey(value)}`);
        expect(pathname.slice('/files/'.length).split('/').map(decodeURIComponent).join('/')).toBe(value);
      }),
    );
  });

  it('can begin with every beginning of itself that does not cut a character in two', () => {
    fc.assert(
      fc.property(hostile, fc.nat(), (value, at) => {
        const prefix = value.slice(0, at % (value.length + 1));
        if (isStorageKey(value) && prefix.isWellFormed()) expect(canBeginKey(prefix)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
