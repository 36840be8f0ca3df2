import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  checksum,
  checksumOf,
  currentSchemaVersion,
  ERROR_KINDS,
  type ErrorCode,
  EVENT_SCHEMAS,
  type EventPayload,
  entityId,
  entityIdFromLegacy,
  isBlank,
  isSynapError,
  parseEventPayload,
  position,
  previewOf,
  revisionId,
  SynapError,
  storageKey,
  tagsOf,
  timestamp,
  titleOf,
  upcast,
  userId,
  version,
} from '../src/index.ts';

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (isSynapError(error)) return error.code;
    throw error;
  }
}

describe('ids', () => {
  const UUID = '01A20BDC-3D18-7633-A66B-294AC27300EA';

  it('are UUIDs in lower case', () => {
    expect(entityId(UUID)).toBe(UUID.toLowerCase());
    expect(revisionId(UUID)).toBe(UUID.toLowerCase());
    expect(codeOf(() => entityId('test-123'))).toBe('INVALID_ID');
    expect(codeOf(() => entityId(`${UUID} `))).toBe('INVALID_ID');
  });

  it('of users are names that a path can hold', () => {
    expect(userId('user_1-A')).toBe('user_1-A');
    for (const bad of ['', '..', 'a/b', 'a.b', 'ü', 'x'.repeat(129)])
      expect(codeOf(() => userId(bad))).toBe('INVALID_ID');
  });

  it('of an older system stay if they are UUIDs, and are mapped for good if not', () => {
    expect(entityIdFromLegacy(UUID)).toBe(UUID.toLowerCase());
    expect(entityIdFromLegacy('test-1-2')).toBe(entityIdFromLegacy('test-1-2'));
    expect(entityIdFromLegacy('test-1-2')).not.toBe(entityIdFromLegacy('test-1-3'));
    expect(entityIdFromLegacy('test-1-2')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
  });
});

describe('value objects', () => {
  it.each([
    '../x',
    'a/../b',
    'a/./b',
    'a//b',
    '/a',
    'a/',
    '',
    '%2e%2e/a',
    'a\\b',
    'a\0b',
    'a\nb',
    '\ud800',
    '.meta/a',
    'a.',
    'a ',
    'x'.repeat(256),
    'ab/'.repeat(400),
  ])('refuse the storage key %j', (key) => {
    expect(codeOf(() => storageKey(key))).toBe('INVALID_STORAGE_KEY');
  });

  it('let no storage key leave its folder', () => {
    const part = fc.constantFrom('.', '..', '', 'a', '...', '%2e%2e', '..%2f', '\\', 'é', '😀', 'c:', '~');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(part).map((parts) => parts.join('/')),
        ),
        (key) => {
          if (codeOf(() => storageKey(key)) !== undefined) return;
          expect(posix.resolve('/root', key).startsWith('/root/')).toBe(true);
          expect(win32.resolve('C:\\root', key).startsWith('C:\\root\\')).toBe(true);
          expect(posix.normalize(key)).toBe(key);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('check what they hold', () => {
    expect(checksum(checksumOf(Buffer.from('a')))).toBe('sha256:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=');
    expect(codeOf(() => checksum('sha256:abc'))).toBe('VALIDATION_FAILED');
    for (const bad of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      expect(codeOf(() => version(bad))).toBe('VALIDATION_FAILED');
      expect(codeOf(() => position(bad))).toBe('VALIDATION_FAILED');
    }
    expect(timestamp('2026-01-31T23:59:59+02:00')).toBe('2026-01-31T21:59:59.000Z');
    expect(codeOf(() => timestamp('yesterday'))).toBe('VALIDATION_FAILED');
  });
});

describe('text', () => {
  it('as a title is one line of at most 500 characters, kept as it is', () => {
    expect(titleOf('  ../%2e%2e \u202eabc 😀 ')).toBe('../%2e%2e \u202eabc 😀');
    expect(titleOf(' ')).toBeNull();
    expect(titleOf(undefined)).toBeNull();
    expect(titleOf('😀'.repeat(500))).toHaveLength(1000);
    expect(codeOf(() => titleOf('😀'.repeat(501)))).toBe('TITLE_TOO_LONG');
    for (const bad of ['a\0b', 'a\nb', 'a\u009fb', '\ud800']) expect(codeOf(() => titleOf(bad))).toBe('INVALID_TEXT');
  });

  it('as tags is each once, without its number sign', () => {
    expect(tagsOf(['#a', 'b ', 'a', 'ß'])).toEqual(['a', 'b', 'ß']);
    expect(codeOf(() => tagsOf(['#']))).toBe('VALIDATION_FAILED');
    expect(codeOf(() => tagsOf(['x'.repeat(101)]))).toBe('TAG_TOO_LONG');
    expect(codeOf(() => tagsOf(Array.from({ length: 101 }, (_, index) => `${index}`)))).toBe('TOO_MANY_TAGS');
    expect(codeOf(() => tagsOf(['a\tb']))).toBe('INVALID_TEXT');
  });

  it('is blank if it shows nothing', () => {
    for (const blank of ['', ' \n\t', '\u200b\u200d', '\ufeff', '\0', '\u2800\u3164', '\u00a0'])
      expect(isBlank(blank)).toBe(true);
    for (const seen of ['.', '😀', '\u202ea', '\0a']) expect(isBlank(seen)).toBe(false);
  });

  it('as a preview is one line of at most 200 whole characters', () => {
    expect(previewOf('# A\n\n\tb\0c  ')).toBe('# A b c');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 5_000 }), (content) => {
        const preview = previewOf(content);
        expect(preview.isWellFormed()).toBe(true);
        expect([...preview].length).toBeLessThanOrEqual(200);
        expect([...preview].every((character) => character >= ' ')).toBe(true);
      }),
    );
  });
});

describe('errors', () => {
  it('are told apart by code, and keep what caused them', () => {
    const cause = new Error('below');
    const error: unknown = new SynapError('NOT_FOUND', 'Nothing there.', { cause, details: { what: 'note' } });
    expect(isSynapError(error)).toBe(true);
    expect(isSynapError(error, 'PURGED', 'NOT_FOUND')).toBe(true);
    expect(isSynapError(error, 'PURGED')).toBe(false);
    expect(isSynapError(cause)).toBe(false);
    expect(error).toMatchObject({ kind: 'not-found', cause, details: { what: 'note' } });
    expect(Object.keys(ERROR_KINDS).length).toBeGreaterThan(30);
  });
});

describe('events', () => {
  it.each(Object.keys(EVENT_SCHEMAS))('of type %s have a schema that refuses nonsense', (eventType) => {
    expect(currentSchemaVersion(eventType)).toBeGreaterThanOrEqual(1);
    expect(codeOf(() => parseEventPayload(eventType, { data: { nonsense: true }, private: {} }))).toBe('INVALID_EVENT');
  });

  it('of no known type are refused; those of a user’s own are not', () => {
    expect(codeOf(() => parseEventPayload('entity.exploded', { data: {}, private: {} }))).toBe('INVALID_EVENT');
    expect(codeOf(() => parseEventPayload('toString', { data: {}, private: {} }))).toBe('INVALID_EVENT');
    expect(parseEventPayload('custom.mine', { data: { a: [1] }, private: {} })).toEqual({
      data: { a: [1] },
      private: {},
    });
  });

  it('of an older version are lifted to the newest on reading', () => {
    const shape = (data: z.ZodType<object>) =>
      z.strictObject({ data, private: z.strictObject({}) }) as unknown as z.ZodType<EventPayload>;
    const schemas = {
      'thing.made': [
        {
          schema: shape(z.strictObject({ a: z.string() })),
          upcast: (old: EventPayload) => ({ ...old, data: { b: old.data.a ?? null } }),
        },
        { schema: shape(z.strictObject({ b: z.string() })) },
      ],
    };
    const lifted = { data: { b: 'x' }, private: {} };
    expect(upcast('thing.made', 1, { data: { a: 'x' }, private: {} }, schemas)).toEqual(lifted);
    expect(upcast('thing.made', 2, lifted, schemas)).toEqual(lifted);
    expect(codeOf(() => upcast('thing.made', 3, lifted, schemas))).toBe('INVALID_EVENT');
    expect(codeOf(() => upcast('thing.made', 2, { data: { a: 'x' }, private: {} }, schemas))).toBe('INVALID_EVENT');
  });
});
