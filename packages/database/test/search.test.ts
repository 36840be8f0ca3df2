import { type EntityId, EventType, newEntityId, type UserId } from '@synap/types';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type AppendEventData,
  type IndexRows,
  indexEntities,
  rebuildProjections,
  type SearchRequest,
  searchEntities,
  selectUnindexed,
} from '../src/index.ts';
import { entityEvent, noteCreated, titled } from './support/events.ts';
import { asOwner, failure, useLibrary } from './support/library.ts';

const library = useLibrary();

/** A tsvector of words that are terms already. */
function terms(text: string, weight = ''): string {
  const places = new Map<string, string[]>();
  text
    .split(' ')
    .filter(Boolean)
    .forEach((word, index) => {
      places.set(word, [...(places.get(word) ?? []), `${index + 1}${weight}`]);
    });
  return [...places].map(([word, list]) => `'${word}':${list.join(',')}`).join(' ');
}

const count = (text: string) => text.split(' ').filter(Boolean).length;
const headingOf = (title: string) => ({ terms: terms(title, 'A'), length: count(title), titleLength: count(title) });
const rows = (title: string, ...bodies: string[]): IndexRows => ({
  analyzer: 1,
  heading: headingOf(title),
  ...(bodies.length > 0 && { chunks: bodies.map((body) => ({ terms: terms(body), length: count(body) })) }),
});

const form = (word: string) => ({ term: word.replace('*', ''), prefix: word.endsWith('*') });
const term = (words: string) => ({ forms: words.split('|').map(form) });
const phrase = (words: string) => words.split(' ').map(term);

interface Asked {
  readonly required?: string[];
  readonly excluded?: string[];
  readonly filter?: SearchRequest['filter'];
  readonly limit?: number;
}

async function search(userId: UserId, words: string, asked: Asked = {}) {
  const { required = [], excluded = [], filter, limit = 10 } = asked;
  const query = {
    terms: phrase(words),
    required: required.map(phrase),
    excluded: excluded.map(phrase),
    title: phrase(words),
  };
  return searchEntities(library.database, userId, { query, limit, ...(filter && { filter }), explain: true });
}

const found = async (...args: Parameters<typeof search>) => (await search(...args)).map(({ id }) => id);

async function note(userId: UserId, index: IndexRows | undefined, hidden = {}): Promise<EntityId> {
  const id = newEntityId();
  await library.events.append(noteCreated(userId, id, hidden, index && { index }));
  return id;
}

async function change(userId: UserId, id: EntityId, eventType: string, more: Partial<AppendEventData> = {}) {
  await library.events.append(entityEvent(userId, id, eventType, 'exists', more as never));
}

/** What the totals say, and what they ought to say. */
async function totals() {
  const kept = await asOwner(library.database, 'SELECT * FROM search_totals ORDER BY user_id');
  const real = await asOwner(
    library.database,
    `SELECT user_id, count(*) AS chunks, sum(length)::bigint AS words, count(heading) AS headings,
            sum(heading_length)::bigint AS heading_words FROM search_chunks GROUP BY user_id ORDER BY user_id`,
  );
  return [kept.filter((row) => row.chunks !== 0), real];
}

describe('the index', () => {
  it('is written with the event, and only if the event is', async () => {
    const { alice, bob, events } = library;
    const id = await note(alice, rows('', 'tomato'));
    expect(await found(alice, 'tomato')).toEqual([id]);
    const late = { ...noteCreated(alice, id, {}, { index: rows('', 'loser') }) };
    await failure(events.append(late));
    await failure(events.append({ ...late, userId: bob }));
    expect(await found(alice, 'loser')).toEqual([]);
    expect(await found(bob, 'loser')).toEqual([]);
  });

  it('is no part of the event', async () => {
    const id = await note(library.alice, rows('', 'hidden'));
    const [row] = await asOwner(library.database, 'SELECT e::text AS all FROM events e WHERE aggregate_id = $1', [id]);
    expect(row?.all).not.toContain('hidden');
  });

  it('follows a change of content, of the title alone, and of neither', async () => {
    const { alice } = library;
    const id = await note(alice, rows('first', 'alpha', 'beta'));
    await change(alice, id, EventType.ENTITY_TITLE_CHANGED, { private: { title: 'second' }, index: rows('second') });
    expect(await found(alice, 'first')).toEqual([]);
    for (const word of ['second', 'alpha', 'beta']) expect(await found(alice, word), word).toEqual([id]);
    await change(alice, id, EventType.ENTITY_UPDATED, {
      private: { tags: ['x'], title: 'third' },
      index: rows('third', 'gamma'),
    });
    for (const word of ['second', 'alpha', 'beta']) expect(await found(alice, word), word).toEqual([]);
    for (const word of ['third', 'gamma']) expect(await found(alice, word), word).toEqual([id]);
    await change(alice, id, EventType.ENTITY_UPDATED, { private: { tags: ['y'] } });
    expect(await found(alice, 'gamma')).toEqual([id]);
    expect((await totals())[0]).toEqual((await totals())[1]);
  });

  it('hides what is deleted and shows what is restored', async () => {
    const { alice } = library;
    const id = await note(alice, rows('', 'phoenix'));
    await change(alice, id, EventType.ENTITY_DELETED);
    expect(await found(alice, 'phoenix')).toEqual([]);
    await change(alice, id, EventType.ENTITY_RESTORED);
    expect(await found(alice, 'phoenix')).toEqual([id]);
  });

  it('survives a rebuild of the projections', async () => {
    const id = await note(library.alice, rows('', 'survivor'));
    await rebuildProjections(library.database);
    expect(await found(library.alice, 'survivor')).toEqual([id]);
  });

  it('keeps its totals, whoever deletes rows', async () => {
    const id = await note(library.bob, rows('one two', 'three four five'));
    await asOwner(library.database, 'DELETE FROM search_chunks WHERE entity_id = $1', [id]);
    expect((await totals())[0]).toEqual((await totals())[1]);
    expect(await found(library.bob, 'three')).toEqual([]);
  });

  it('is made for many events at once, each for its own', async () => {
    const { alice } = library;
    const ids = await Promise.all(Array.from({ length: 50 }, (_, n) => note(alice, rows(`t${n}`, `group${n} all`))));
    for (const n of [0, 17, 49]) expect(await found(alice, `group${n}`)).toEqual([ids[n]]);
    expect(await found(alice, 'all', { limit: 100 })).toHaveLength(50);
    expect((await totals())[0]).toEqual((await totals())[1]);
  });
});

describe('indexing afterwards', () => {
  it('finds what has no rows or old ones, and writes them', async () => {
    const { alice, database } = library;
    const id = await note(alice, undefined);
    const old = await note(alice, { ...rows('', 'ancient'), analyzer: 0 });
    const unindexed = async () => (await selectUnindexed(database, { analyzer: 1, limit: 1000 })).map((one) => one.id);
    expect(await unindexed()).toEqual(expect.arrayContaining([id, old]));
    await indexEntities(
      database,
      [id, old].map((one) => ({ id: one, version: 1, index: rows('', 'modern') })),
    );
    expect((await found(alice, 'modern')).toSorted()).toEqual([id, old].toSorted());
    expect(await found(alice, 'ancient')).toEqual([]);
    const left = await unindexed();
    for (const one of [id, old]) expect(left).not.toContain(one);
    expect((await totals())[0]).toEqual((await totals())[1]);
  });

  it('does not touch what went on meanwhile', async () => {
    const { alice, database } = library;
    const id = await note(alice, rows('', 'stale'));
    await change(alice, id, EventType.ENTITY_UPDATED, { private: { title: 'n' }, index: rows('n', 'fresh') });
    await indexEntities(database, [{ id, version: 1, index: rows('', 'stale') }]);
    expect(await found(alice, 'fresh')).toEqual([id]);
    expect(await found(alice, 'stale')).toEqual([]);
  });

  it('keeps old rows marked as old when only the heading is new', async () => {
    const { alice, database } = library;
    const id = await note(alice, { ...rows('', 'ancient'), analyzer: 0 });
    await change(alice, id, EventType.ENTITY_TITLE_CHANGED, { private: { title: 'n' }, index: rows('n') });
    expect((await selectUnindexed(database, { analyzer: 1, limit: 1000 })).map((one) => one.id)).toContain(id);
  });
});

describe('a search', () => {
  let user: UserId;
  const ids = new Map<string, EntityId>();
  const name = (id: EntityId) => [...ids].find(([, one]) => one === id)?.[0] ?? '';
  const names = async (words: string, asked: Asked = {}) =>
    (await search(user, words, asked)).map(({ id }) => name(id));

  beforeAll(async () => {
    user = library.bob;
    const filler = Array.from({ length: 30 }, (_, n) => `filler${n}`).join(' ');
    const notes: [string, IndexRows, object?][] = [
      ['often', rows('', `rose rose rose rose ${filler}`), { tags: ['red', 'flower'] }],
      ['once', rows('', `rose ${filler}`), { tags: ['red'] }],
      ['titled', rows('rose', filler)],
      ['long', rows('', `${filler} lily`, `${filler} violet`, filler)],
      ['phrase', rows('', `wild rose garden ${filler}`)],
      ['mixed', rows('', `garden rose wild ${filler}`)],
      ['other', rows('', filler)],
    ];
    for (const [key, index, hidden] of notes) ids.set(key, await note(user, index, hidden));
  });

  it('ranks by rareness, frequency and length, and a title above all', async () => {
    const ranked = await names('rose');
    expect(ranked).toHaveLength(5);
    expect(ranked.slice(0, 2)).toEqual(['titled', 'often']);
    expect((await names('rose wild')).slice(0, 2).toSorted()).toEqual(['mixed', 'phrase']);
    expect((await names('lily violet'))[0]).toBe('long');
  });

  it('counts exactly how often a term stands in a text', async () => {
    const counts = [1, 2, 3, 5, 8, 20, 60, 150];
    const [row] = await asOwner(
      library.database,
      `SELECT array_agg(term_frequency(ts_rank('{1,1,1,1}', ('''x'':' || (SELECT string_agg(i::text, ',') FROM generate_series(1, n) i)
         || ' ''y'':1')::tsvector, '''x'''), 1)::integer ORDER BY n) AS counts FROM unnest($1::integer[]) n`,
      [counts],
    );
    expect(row?.counts).toEqual(counts);
  });

  it('explains its scores', async () => {
    for (const { score, parts = [] } of await search(user, 'rose garden')) {
      expect(parts.length).toBeGreaterThan(0);
      expect(parts.reduce((sum, part) => sum + part.score, 0)).toBeCloseTo(score, 6);
    }
    const [best] = await search(user, 'rose');
    expect(best?.parts?.map(({ field }) => field).toSorted()).toEqual(['heading', 'title']);
    const often = (await search(user, 'rose')).find(({ id }) => name(id) === 'often');
    expect(often?.parts).toEqual([expect.objectContaining({ n: 1, field: 'content', frequency: 4 })]);
  });

  it('takes phrases, exclusions, beginnings and alternatives', async () => {
    expect(await names('rose', { required: ['wild rose garden'] })).toEqual(['phrase']);
    expect((await names('rose', { required: ['wild', 'garden'] })).toSorted()).toEqual(['mixed', 'phrase']);
    expect((await names('rose', { excluded: ['wild'] })).toSorted()).toEqual(['often', 'once', 'titled']);
    expect((await names('rose', { excluded: ['wild rose'] })).toSorted()).toEqual(['mixed', 'often', 'once', 'titled']);
    expect(await names('filler1', { excluded: ['violet'] })).not.toContain('long');
    expect(await names('viol*')).toEqual(['long']);
    expect((await names('nothing|lil*|rose', { limit: 100 })).toSorted()).toEqual([
      'long',
      'mixed',
      'often',
      'once',
      'phrase',
      'titled',
    ]);
  });

  it('takes filters', async () => {
    const tagged = async (...tags: string[]) => (await names('rose', { filter: { tags } })).toSorted();
    expect(await tagged('red')).toEqual(['often', 'once']);
    expect(await tagged('red', 'flower')).toEqual(['often']);
    expect(await tagged('blue')).toEqual([]);
    expect(await names('rose', { filter: { types: ['task', 'page'] } })).toEqual([]);
    expect(await names('rose', { filter: { types: ['task', 'note'] } })).toHaveLength(5);
    const now = Date.now();
    expect(await names('rose', { filter: { after: new Date(now + 3_600_000) } })).toEqual([]);
    expect(await names('rose', { filter: { before: new Date(now - 3_600_000) } })).toEqual([]);
    expect(
      await names('rose', { filter: { after: new Date(now - 3_600_000), before: new Date(now + 3_600_000) } }),
    ).toHaveLength(5);
    expect(await names('rose', { limit: 2, filter: { tags: ['red'] } })).toHaveLength(2);
  });

  it('takes any text for a term', async () => {
    for (const word of [`'`, `''`, '\\', `\\'`, '&', '!x', ':*', '<->', '(', '%', '京', `'x' | 'rose'`, 'a\tb']) {
      const query = { terms: [{ forms: [{ term: word, prefix: false }] }], required: [], excluded: [], title: [] };
      expect(await searchEntities(library.database, user, { query, limit: 10 }), word).toEqual([]);
    }
  });
});

describe('two users', () => {
  it('find their own alone, and nobody finds nothing', async () => {
    const { alice, bob } = library;
    const [hers, his] = [await note(alice, rows('shared', 'shared')), await note(bob, rows('shared', 'shared'))];
    expect(await found(alice, 'shared')).toEqual([hers]);
    expect(await found(bob, 'shared')).toEqual([his]);
    expect(await found('' as UserId, 'shared')).toEqual([]);
    for (const excluded of [['other'], ['shared']]) {
      expect(await found(alice, 'shared', { excluded })).toEqual(excluded[0] === 'other' ? [hers] : []);
    }
    expect(await found(alice, 'shared', { required: ['shared'] })).toEqual([hers]);
  });

  it('do not change each other’s scores', async () => {
    const { alice, bob } = library;
    await note(alice, rows('', 'rare word'));
    const before = await search(alice, 'rare');
    for (let n = 0; n < 5; n++) await note(bob, rows('', 'rare rare rare'));
    expect((await search(alice, 'rare'))[0]?.score).toBe(before[0]?.score);
  });

  it.each(['search_chunks', 'search_totals'])('see their own rows of %s alone, and write none', async (table) => {
    const context = { role: 'app', userId: library.alice } as const;
    const [seen] = await library.database.transaction(context, [{ sql: `SELECT DISTINCT user_id FROM ${table}` }]);
    expect(seen).toEqual([{ user_id: library.alice }]);
    const nobody = { role: 'app', userId: '' as UserId } as const;
    expect(await library.database.transaction(nobody, [{ sql: `SELECT * FROM ${table}` }])).toEqual([[]]);
    const may = `SELECT has_table_privilege('synap_app', 'synap.${table}', 'INSERT, UPDATE, DELETE, TRUNCATE') AS may`;
    expect(await asOwner(library.database, may)).toEqual([{ may: false }]);
  });

  it('may search, and nobody else may run what runs with the owner’s rights', async () => {
    const functions = await asOwner(
      library.database,
      `SELECT p.proname, r.rolname AS may FROM pg_proc p, aclexplode(p.proacl) a JOIN pg_roles r ON r.oid = a.grantee
       WHERE p.prosecdef AND p.pronamespace = 'synap'::regnamespace AND r.rolname <> 'synap_owner'`,
    );
    expect(functions).toEqual([{ proname: 'search_entities', may: 'synap_app' }]);
    const [open] = await asOwner(
      library.database,
      `SELECT count(*) AS n FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
       WHERE p.pronamespace = 'synap'::regnamespace AND (p.prosecdef OR p.proname = 'index_content') AND a.grantee = 0`,
    );
    expect(open?.n).toBe(0);
    const [pinned] = await asOwner(library.database, `SELECT proconfig FROM pg_proc WHERE proname = 'search_entities'`);
    expect(pinned?.proconfig).toContain('search_path=synap, public, pg_temp');
  });
});

it('leaves a title alone that has no rows yet', async () => {
  const id = await note(library.alice, undefined);
  await library.events.append({ ...titled(library.alice, id, 'n', 1), index: rows('unknown') });
  expect(await found(library.alice, 'unknown')).toEqual([]);
  expect((await selectUnindexed(library.database, { analyzer: 1, limit: 1000 })).map((one) => one.id)).toContain(id);
});
