import { createHash } from 'node:crypto';
import type { Context, Database, Statement } from '@synap/database';
import { type Entity, SynapError } from '@synap/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { indexLibrary } from '../src/index.ts';
import { answerOf, type Client, dataOf, type TestServer, testServer } from './server.ts';

interface Found {
  readonly entity: Entity;
  readonly score: number;
  readonly snippet: string;
  readonly highlights: readonly { start: number; end: number }[];
  readonly matchedBy: readonly string[];
  readonly explain?: readonly { term: string; field: string; score: number }[];
}

let server: TestServer;
let alice: Client;

beforeAll(async () => {
  server = await testServer();
  alice = await server.client();
});
afterAll(() => server.close());

async function search(client: Client, query: string, more: object = {}): Promise<Found[]> {
  return (await client.get<{ items: Found[] }>('search.query', { query, mode: 'text', ...more })).items;
}
const found = async (client: Client, query: string, more: object = {}) =>
  (await search(client, query, more)).map(({ entity }) => entity.id);

describe('what was just written', () => {
  it('is found by the very next request, also among many', async () => {
    await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const note = await alice.note(`an unusual word: xylo${n}phone`);
        expect(await found(alice, `xylo${n}phone`)).toEqual([note.id]);
        await alice.do('entities.update', { id: note.id, content: `another: vibra${n}phone` });
        expect(await found(alice, `vibra${n}phone`)).toEqual([note.id]);
        expect(await found(alice, `xylo${n}phone`)).toEqual([]);
      }),
    );
  });

  it('by its title, its tags and its content, each as they are now', async () => {
    const note = await alice.note('about kumquats', { title: 'Loquats', tags: ['fruit/exotic'] });
    for (const word of ['kumquat', 'loquat', 'exotic']) expect(await found(alice, word), word).toEqual([note.id]);
    await alice.do('entities.update', { id: note.id, title: 'Medlars' });
    await alice.do('entities.update', { id: note.id, tags: ['rosaceae'] });
    for (const word of ['kumquat', 'medlar', 'rosaceae']) expect(await found(alice, word), word).toEqual([note.id]);
    for (const word of ['loquat', 'exotic']) expect(await found(alice, word), word).toEqual([]);
    await alice.do('entities.update', { id: note.id, content: '' });
    expect(await found(alice, 'kumquat')).toEqual([]);
    expect(await found(alice, 'medlar')).toEqual([note.id]);
  });

  it('not while it is deleted, and again when it is restored', async () => {
    const { id } = await alice.note('a wandering albatross');
    await alice.do('entities.delete', { id });
    expect(await found(alice, 'albatross')).toEqual([]);
    await alice.do('entities.restore', { id });
    expect(await found(alice, 'albatross')).toEqual([id]);
  });

  it('as what was restored of the past, also after a deletion', async () => {
    const { id } = await alice.note('the first: cormorant', { title: 'One' });
    await alice.do('entities.update', { id, content: 'the second: pelican', title: 'Two' });
    await alice.do('entities.restore', { id, version: 1 });
    expect(await found(alice, 'cormorant')).toEqual([id]);
    expect(await found(alice, 'pelican')).toEqual([]);
    await alice.do('entities.delete', { id });
    await alice.do('entities.restore', { id, version: 2 });
    expect(await found(alice, 'pelican')).toEqual([id]);
    expect(await found(alice, 'cormorant')).toEqual([]);
  });

  it('whatever of concurrent changes came last', async () => {
    const { id } = await alice.note('start');
    await Promise.all(Array.from({ length: 20 }, (_, n) => alice.do('entities.update', { id, content: `turn${n}` })));
    const { content } = await alice.get<{ content: string }>('entities.content', { id });
    for (let n = 0; n < 20; n++) expect(await found(alice, `turn${n}`)).toEqual(content === `turn${n}` ? [id] : []);
  });

  it('also in the middle of a very long note', async () => {
    const words = Array.from({ length: 30_000 }, (_, n) => `filler${n % 700}`);
    words[17_499] = 'needle';
    words[17_500] = 'haystack';
    const { id } = await alice.note(words.join(' '));
    const [only, ...more] = await search(alice, '"needle haystack"');
    expect(more).toEqual([]);
    expect(only?.entity.id).toBe(id);
    expect(only?.highlights.map(({ start, end }) => only.snippet.slice(start, end))).toEqual(['needle haystack']);
  });
});

describe('a query', () => {
  let client: Client;
  const ids = new Map<string, string>();
  const names = async (query: string, more: object = {}) =>
    (await found(client, query, more)).map((id) => [...ids].find(([, one]) => one === id)?.[0] ?? '');

  beforeAll(async () => {
    client = await server.client();
    const notes: [string, string, object?][] = [
      ['soup', 'A cherry tomato soup with basil', { title: 'Soup', tags: ['food', 'red'] }],
      ['garden', 'Growing tomatoes in a greenhouse', { title: 'Garden', tags: ['food'] }],
      ['engine', 'The engineering of steam engines'],
      ['who', 'Pete Townshend, Roger Daltrey', { title: 'The Who' }],
      ['mail', 'Write an e-mail to me@example.org about getUserName'],
      ['plain', 'It is what it was, and who is there?'],
    ];
    for (const [name, text, more] of notes) ids.set(name, (await client.note(text, more)).id);
    ids.set('task', (await client.do('entities.create', { type: 'task', title: 'Buy tomatoes' })).id);
  });

  it.each([
    ['tomato', ['task', 'garden', 'soup']],
    ['soup greenhouse', ['soup', 'garden']],
    ['"cherry tomato"', ['soup']],
    ['"tomato cherry"', []],
    ['tomato -soup', ['task', 'garden']],
    ['tomato -"cherry tomato"', ['task', 'garden']],
    ['-tomato', []],
    ['The Who', ['who', 'plain', 'engine']],
    ['who', ['who', 'plain']],
    ['email', ['mail']],
    ['e-mail', ['mail']],
    ['user name', ['mail']],
    ['me@example.org', ['mail']],
    ['nowhere', []],
    ['', []],
    ['  …  ', []],
  ])('%j', async (query, expected) => {
    const seen = await names(query);
    expect(seen.toSorted()).toEqual(expected.toSorted());
    expect(seen[0]).toBe(expected[0]);
  });

  it('finds a word from its second letter to its last while it is typed', async () => {
    for (const word of ['engineering', 'greenhouse', 'townshend']) {
      for (let length = 2; length <= word.length; length++) {
        const typed = word.slice(0, length);
        expect((await names(typed, { prefix: true })).length, typed).toBeGreaterThan(0);
      }
    }
    expect(await names('engineeri')).toEqual([]);
  });

  it('is narrowed by type, tags and time', async () => {
    expect(await names('tomato', { types: ['task'] })).toEqual(['task']);
    expect((await names('tomato', { types: ['task', 'note'] })).length).toBe(3);
    expect(await names('tomato', { tags: ['food', 'red'] })).toEqual(['soup']);
    expect(await names('tomato', { tags: ['none'] })).toEqual([]);
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    expect(await names('tomato', { after: soon })).toEqual([]);
    expect((await names('tomato', { before: soon })).length).toBe(3);
    expect(await names('tomato', { limit: 1 })).toHaveLength(1);
  });

  it('is answered with what matched and why', async () => {
    const [best] = await search(client, 'cherry soup', { explain: true });
    expect(best?.matchedBy).toEqual(['text']);
    expect(best?.snippet).toBe('A cherry tomato soup with basil');
    expect(best?.highlights).toEqual([
      { start: 2, end: 8 },
      { start: 16, end: 20 },
    ]);
    expect(best?.explain?.map(({ term, field }) => `${term} in ${field}`).toSorted()).toEqual([
      'cherry in content',
      'soup in content',
      'soup in heading',
    ]);
    const sum = best?.explain?.reduce((total, { score }) => total + score, 0);
    expect(sum).toBeCloseTo(best?.score ?? 0, 6);
    expect((await search(client, 'cherry'))[0]).not.toHaveProperty('explain');
  });

  it('may be any text, and keeps to its filters', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc
        .array(fc.constantFrom('tomato', '-', '"', ' ', "'", '\\', ':*', '|', '&', '!', '<->', '(', 'e', '%'))
        .map((all) => all.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.boolean(), async (query, prefix) => {
        // As JSON a lone surrogate arrives as its escape; over HTTP nothing else could be sent.
        const items = await search(client, query, { prefix, types: ['task'], limit: 2 });
        expect(items.length).toBeLessThanOrEqual(1);
        for (const { entity } of items) expect(entity.type).toBe('task');
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['a limit of nothing', { limit: 0 }],
    ['a limit of too much', { limit: 101 }],
    ['an unknown type', { types: ['dragon'] }],
    ['a time that is none', { after: 'yesterday' }],
    ['a query of megabytes', { query: 'x'.repeat(20_000) }],
  ])('is refused with %s', async (_, more) => {
    const answer = await client.query('search.query', { query: 'x', ...more });
    expect(answer).toMatchObject({ status: 400, error: { data: { reason: 'VALIDATION_FAILED' } } });
  });

  it('searches by text until it can by meaning', async () => {
    expect(await names('soup', { mode: 'hybrid' })).toEqual(['soup']);
    expect(await client.query('search.query', { query: 'soup', mode: 'semantic' })).toMatchObject({
      status: 400,
      error: { data: { reason: 'SEARCH_MODE_UNAVAILABLE' } },
    });
  });

  describe('of notes.search', () => {
    it('finds notes alone', async () => {
      const items = await client.get<{ note: Entity; score: number; snippet: string }[]>('notes.search', {
        query: 'tomato',
      });
      expect(items.map(({ note }) => note.type)).toEqual(['note', 'note']);
      expect(items[0]).toMatchObject({ score: expect.any(Number), snippet: expect.stringContaining('omato') });
    });

    it.each(['query=cherry+tomato&limit=1', 'query=cherry%20tomato&limit=1&useRAG=true'])(
      'may be plain: ?%s',
      async (query) => {
        const items = dataOf<{ note: Entity }[]>(await answerOf(await client.fetch(`/trpc/notes.search?${query}`)));
        expect(items.map(({ note }) => note.id)).toEqual([ids.get('soup')]);
      },
    );

    it('is checked in the plain form as well', async () => {
      expect((await client.fetch('/trpc/notes.search?query=x&limit=many')).status).toBe(400);
      expect((await client.fetch('/trpc/notes.search')).status).toBe(400);
      expect((await server.app.app.request('/trpc/notes.search?query=x')).status).toBe(401);
    });
  });
});

describe('another user', () => {
  it('finds nothing of it', async () => {
    await alice.note('a secret quokka', { title: 'Quokka', tags: ['quokka'] });
    const mallory = await server.client();
    expect(await search(mallory, 'quokka')).toEqual([]);
    expect(await search(mallory, 'quok', { prefix: true })).toEqual([]);
    expect(await mallory.get('notes.search', { query: 'quokka' })).toEqual([]);
    expect(await found(alice, 'quokka')).toHaveLength(1);
  });

  it('needs a key to ask', async () => {
    const path = `/trpc/search.query?input=${encodeURIComponent('{"query":"x"}')}`;
    expect((await server.app.app.request(path)).status).toBe(401);
  });
});

describe('an index that was lost', () => {
  const owner = { role: 'owner' } as const;

  it('is made anew from the content, as it was', async () => {
    const client = await server.client();
    const kept = await client.note('the secretary bird', { title: 'Bird', tags: ['savannah'] });
    const deleted = await client.note('a deleted shoebill');
    await client.do('entities.delete', { id: deleted.id });
    const empty = await client.do('entities.create', { type: 'page', title: 'Empty hoopoe' });
    const all = `SELECT entity_id, chunk, user_id, heading::text, heading_length, title_length, body::text, length, analyzer
                 FROM search_chunks ORDER BY entity_id, chunk`;
    const [before] = await server.database.transaction(owner, [{ sql: all }]);
    await server.database.transaction(owner, [{ sql: 'DELETE FROM search_chunks' }]);
    expect(await found(client, 'bird')).toEqual([]);
    const indexed = await indexLibrary(server.database, server.objects);
    const [after] = await server.database.transaction(owner, [{ sql: all }]);
    expect(after).toEqual(before);
    expect(indexed).toBeGreaterThanOrEqual(3);
    expect(await indexLibrary(server.database, server.objects)).toBe(0);
    expect(await found(client, 'bird savannah')).toEqual([kept.id]);
    expect(await found(client, 'hoopoe')).toEqual([empty.id]);
    await client.do('entities.restore', { id: deleted.id });
    expect(await found(client, 'shoebill')).toEqual([deleted.id]);
  });

  it('is made while others write', async () => {
    const client = await server.client();
    const notes = await Promise.all(Array.from({ length: 40 }, (_, n) => client.note(`old${n}`)));
    await server.database.transaction(owner, [{ sql: 'DELETE FROM search_chunks' }]);
    const changing = notes.map(async ({ id }, n) => {
      if (n % 2 === 0) await client.do('entities.update', { id, content: `new${n}` });
      else await client.do('entities.update', { id, title: `titled${n}` });
    });
    await Promise.all([indexLibrary(server.database, server.objects), ...changing]);
    await indexLibrary(server.database, server.objects);
    for (const [n, { id }] of notes.entries()) {
      expect(await found(client, n % 2 === 0 ? `new${n}` : `titled${n}`)).toEqual([id]);
      expect(await found(client, `old${n}`)).toEqual(n % 2 === 0 ? [] : [id]);
    }
  });

  it('leaves out what the store lost, and only that', async () => {
    const client = await server.client();
    const lost = await client.note('irretrievable kakapo', { title: 'Kakapo' });
    const there = await client.note('a healthy takahe');
    const record = await server.entities.get(client.userId, lost.id);
    await server.objects.delete(record?.key ?? '');
    await server.database.transaction(owner, [{ sql: 'DELETE FROM search_chunks' }]);
    await indexLibrary(server.database, server.objects);
    expect(await found(client, 'takahe')).toEqual([there.id]);
    const [item] = await search(client, 'kakapo');
    expect(item).toMatchObject({ entity: { id: lost.id }, snippet: expect.any(String) });
    expect(await found(client, 'irretrievable')).toEqual([]);
  });

  it('leaves out the content that the database refuses, and only that', async () => {
    const client = await server.client();
    const before = await client.note('an earlier mockingbird');
    const refused = await client.note('an unindexable moa', { title: 'Dinornis' });
    const after = await client.note('a later mockingbird');
    await server.database.transaction(owner, [{ sql: 'DELETE FROM search_chunks' }]);
    const refusing: Database = new Proxy(server.database, {
      get(target, name) {
        if (name === 'transaction') {
          return (context: Context, statements: readonly Statement[]) =>
            JSON.stringify(statements).includes("'unindex'")
              ? Promise.reject(new SynapError('VALIDATION_FAILED', 'string is too long for tsvector'))
              : target.transaction(context, statements);
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const failed: string[] = [];
    await indexLibrary(refusing, server.objects, { onFailure: (id) => void failed.push(id) });
    expect(failed).toEqual([refused.id]);
    expect((await found(client, 'mockingbird')).sort()).toEqual([before.id, after.id].sort());
    expect(await found(client, 'Dinornis')).toEqual([refused.id]);
    expect(await found(client, 'unindexable')).toEqual([]);
  });

  it('is not tried again without end where even the heading is refused', async () => {
    const client = await server.client();
    await client.note('a content', { title: 'Unheadable' });
    await server.database.transaction(owner, [{ sql: 'DELETE FROM search_chunks' }]);
    let asked = 0;
    const refusing: Database = new Proxy(server.database, {
      get(target, name) {
        if (name === 'transaction') {
          return (context: Context, statements: readonly Statement[]) => {
            if (!JSON.stringify(statements).includes("'unhead'")) return target.transaction(context, statements);
            // Two passes, each once with its group and twice alone.
            if (++asked > 6) throw new Error('asked again and again');
            return Promise.reject(new SynapError('VALIDATION_FAILED', 'string is too long for tsvector'));
          };
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    await indexLibrary(refusing, server.objects);
    expect(asked).toBeGreaterThan(0);
  });
});

it('takes a note of long lines of data, and finds what else is in it', async () => {
  const lines = Array.from({ length: 400 }, (_, line) => {
    let text = '';
    for (let block = 0; text.length < 4_096; block++) {
      text += createHash('sha512')
        .update(`${line} ${block}`)
        .digest('base64')
        .replace(/[^A-Za-z0-9]/g, '');
    }
    return text.slice(0, 4_096);
  });
  const { id } = await alice.note(`${lines.join('\n')}\na readable platypus`);
  expect(await found(alice, 'platypus')).toEqual([id]);
});

it('finds what is damaged, and shows no snippet of it', async () => {
  const mismatch = () => Promise.reject(new SynapError('CHECKSUM_MISMATCH', 'The stored content is damaged.'));
  const damaged = await testServer({
    wrapObjects: (objects) =>
      new Proxy(objects, {
        get(target, name) {
          if (name === 'downloadStream') return mismatch;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      }),
  });
  try {
    const client = await damaged.client();
    const { id } = await client.note('a numbat');
    expect(await search(client, 'numbat')).toMatchObject([{ entity: { id }, snippet: 'a numbat' }]);
  } finally {
    await damaged.close();
  }
});
