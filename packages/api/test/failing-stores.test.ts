import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '@synap/database';
import type { ObjectStorage } from '@synap/storage';
import { type Entity, SynapError } from '@synap/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Client, keysOf, type TestServer, testServer } from './server.ts';

const SECRET = /postgres|password|10\.0\.0\.1|synap\.events|append_events|\.ts:|at .*\(|duplicate key|select|users\//i;

let server: TestServer;
let client: Client;
/** What the stores throw from now on, instead of working. */
let databaseFails: Error | undefined;
let uploadFails: Error | undefined;

function failing(database: Database): Database {
  const guard =
    <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      databaseFails ? Promise.reject(databaseFails) : work(...args);
  return {
    kind: database.kind,
    call: guard((statement) => database.call(statement)),
    transaction: guard((context, statements) => database.transaction(context, statements)),
    script: guard((sql) => database.script(sql)),
    tryLock: (name) => database.tryLock(name),
    close: () => database.close(),
  };
}

function failingObjects(objects: ObjectStorage): ObjectStorage {
  return new Proxy(objects, {
    get(target, name) {
      if (name === 'upload' && uploadFails) return () => Promise.reject(uploadFails as Error);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

beforeEach(async () => {
  databaseFails = undefined;
  uploadFails = undefined;
  server = await testServer({ wrapDatabase: failing, wrapObjects: failingObjects });
  client = await server.client();
});
afterEach(() => server.close());

const list = async () => (await client.get<{ items: Entity[] }>('entities.list')).items;

describe('when the database fails', () => {
  it.each([
    [
      'with an error of ours',
      new SynapError('DATABASE_FAILED', 'The database refused an operation of Synap.', {
        details: { sqlState: '23505' },
        cause: new Error('duplicate key value violates unique constraint "events_pkey" of synap.events'),
      }),
      500,
      'DATABASE_FAILED',
    ],
    ['with one of a library', new Error('password authentication failed for postgres at 10.0.0.1'), 500, 'INTERNAL'],
    ['with no error at all', 'oops 10.0.0.1' as unknown as Error, 500, 'INTERNAL'],
    [
      'by not answering',
      new SynapError('DATABASE_UNAVAILABLE', 'The database does not answer.'),
      503,
      'DATABASE_UNAVAILABLE',
    ],
  ])('%s, nobody is told how, and the log is', async (_name, error, status, reason) => {
    const { id } = await client.note('x');
    databaseFails = error;
    server.log.length = 0;
    for (const answer of [
      await client.query('entities.get', { id }),
      await client.mutate('notes.create', { content: 'y' }),
    ]) {
      expect(answer.status).toBe(status);
      expect(answer.error?.data).toMatchObject({ httpStatus: status, reason });
      expect(Object.keys(answer.error?.data ?? {}).sort()).toEqual(['code', 'httpStatus', 'reason']);
      expect(JSON.stringify(answer.error)).not.toMatch(SECRET);
    }
    const raw = await client.fetch(`/api/v1/entities/${id}/content`);
    expect(raw.status).toBe(status);
    expect(await raw.text()).not.toMatch(SECRET);
    const logged = server.log.filter((line) => line.level === 'error');
    expect(logged).toHaveLength(3);
    expect(logged.map((line) => line.fields.code)).toEqual([reason, reason, reason]);

    databaseFails = undefined;
    expect((await list()).map((entity) => entity.id)).toEqual([id]);
  });

  it('after the content was stored, the object stays and no note is there; never the other way round', async () => {
    await client.note('x');
    const before = await keysOf(server.objects);
    databaseFails = new SynapError('DATABASE_FAILED', 'no');
    expect((await client.mutate('notes.create', { content: 'y' })).status).toBe(500);
    databaseFails = undefined;
    expect(await list()).toHaveLength(1);
    expect((await keysOf(server.objects)).length).toBe(before.length + 1);
  });
});

describe('when the object store fails', () => {
  it.each([
    ['is full', new SynapError('STORAGE_FULL', 'There is no room.'), 503, 'STORAGE_FULL'],
    ['does not answer', new SynapError('STORAGE_UNAVAILABLE', 'It does not answer.'), 503, 'STORAGE_UNAVAILABLE'],
    ['refuses', new SynapError('STORAGE_ACCESS_DENIED', 'It refuses.'), 503, 'STORAGE_ACCESS_DENIED'],
    ['breaks', new Error('ENOENT: users/x at 10.0.0.1'), 500, 'INTERNAL'],
  ])('because it %s, nothing is written', async (_name, error, status, reason) => {
    const note = await client.note('x');
    uploadFails = error;
    for (const answer of [
      await client.mutate('notes.create', { content: 'y' }),
      await client.mutate('entities.update', { id: note.id, content: 'y' }),
      await client.mutate('entities.update', { id: note.id, content: 'y', expectedVersion: 1 }),
    ]) {
      expect(answer).toMatchObject({ status, error: { data: { reason } } });
      expect(JSON.stringify(answer.error)).not.toMatch(SECRET);
    }
    expect(await list()).toEqual([note]);
    expect((await client.get<{ items: [] }>('events.list')).items).toHaveLength(1);
    // What needs no object goes on.
    expect(await client.do('entities.update', { id: note.id, title: 'new', content: 'x' })).toMatchObject({
      version: 2,
    });
  });

  it('and says that it wrote something else, that is not acknowledged', async () => {
    await server.close();
    server = await testServer({
      wrapObjects: (objects) =>
        new Proxy(objects, {
          get(target, name) {
            if (name === 'upload') return (key: string) => target.upload(key, 'something else');
            const value: unknown = Reflect.get(target, name, target);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        }),
    });
    client = await server.client();
    const answer = await client.mutate('notes.create', { content: 'y' });
    expect(answer).toMatchObject({ status: 500, error: { data: { reason: 'CHECKSUM_MISMATCH' } } });
    expect(await list()).toEqual([]);
  });
});

describe('content that is not what was written is never given out', () => {
  /** The file of the one object in the store. */
  async function file(): Promise<string> {
    const names = await readdir(server.folder, { recursive: true });
    const [name] = names.filter((path) => path.endsWith('.md'));
    return join(server.folder, name as string);
  }
  const damages: [string, (path: string) => Promise<void>][] = [
    ['changed', async (path) => writeFile(path, (await readFile(path, 'utf8')).replace('e', 'a'))],
    ['cut off', (path) => writeFile(path, '')],
    ['lost', (path) => rm(path)],
  ];

  it.each(damages)('because it was %s', async (_name, damage) => {
    const { id } = await client.note('the text');
    await damage(await file());
    expect(await client.query('entities.content', { id })).toMatchObject({
      status: 500,
      error: { data: { code: 'INTERNAL_SERVER_ERROR', reason: 'CHECKSUM_MISMATCH' } },
    });
    const raw = await client.fetch(`/api/v1/entities/${id}/content`);
    expect(raw.status).toBe(500);
    expect(await raw.json()).toMatchObject({ error: { code: 'CHECKSUM_MISMATCH' } });
    expect(await client.get('entities.get', { id })).toMatchObject({ id });
  });

  it.each(damages)('and is restored all the same, for who may find it again: %s', async (_name, damage) => {
    const { id } = await client.note('the text', { title: 'Quoll' });
    const path = await file();
    await client.do('entities.update', { id, content: 'another', title: 'Bettong' });
    await damage(path);
    expect(await client.do('entities.restore', { id, version: 1 })).toMatchObject({ version: 3, title: 'Quoll' });
    expect(await client.query('entities.content', { id })).toMatchObject({
      error: { data: { reason: 'CHECKSUM_MISMATCH' } },
    });
    const search = async (query: string) =>
      (await client.get<{ items: { entity: Entity }[] }>('search.query', { query, mode: 'text' })).items.length;
    expect([await search('quoll'), await search('bettong'), await search('another')]).toEqual([1, 0, 0]);
  });
});
