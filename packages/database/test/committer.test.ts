import { SynapError } from '@synap/types';
import { describe, expect, it } from 'vitest';
import { Committer, type Database, type Row, type Statement } from '../src/index.ts';
import { failure } from './support/library.ts';

interface Item {
  readonly n: number;
  readonly id: string;
  readonly aggregateId: string;
}

/** A database that commits nothing, but shows each group and lets the test decide how it ends. */
class FakeDatabase {
  readonly groups: Item[][] = [];
  /** Ends the group that has been under way for longest. */
  end(error?: Error): void {
    this.#held.shift()?.(error);
  }
  readonly #held: ((error?: Error) => void)[] = [];
  answer: (group: Item[]) => Promise<void> = () => Promise.resolve();

  async call(statement: Statement): Promise<Row[]> {
    const group = JSON.parse(String(statement.params?.[0])) as Item[];
    this.groups.push(group);
    await this.answer(group);
    return group.map(({ n, id, aggregateId }) => ({
      n,
      status: 'ok',
      version: 1,
      position: n + 1,
      recorded_ms: 0,
      aggregate_id: aggregateId,
      event_id: id,
    }));
  }

  /** From now on each group waits for `end`. */
  hold(): void {
    this.answer = () =>
      new Promise((resolve, reject) => {
        this.#held.push((error) => (error ? reject(error) : resolve()));
      });
  }

  get ids(): string[][] {
    return this.groups.map((group) => group.map((item) => item.id));
  }
}

function setUp(options: ConstructorParameters<typeof Committer>[1] = {}) {
  const database = new FakeDatabase();
  const committer = new Committer(database as unknown as Database, options);
  const submit = (id: string, aggregateId = id, size = 0) =>
    committer.submit({
      id,
      aggregateId,
      json: JSON.stringify({ id, aggregateId, pad: 'x'.repeat(size) }).slice(0, -1),
    });
  return { database, committer, submit };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the committer', () => {
  it('commits at once when idle, and gathers a group while one is under way', async () => {
    const { database, submit } = setUp();
    database.hold();
    const first = submit('a');
    await turn();
    const others = [submit('b'), submit('c')];
    await turn();
    expect(database.ids).toEqual([['a']]);
    database.end();
    await first;
    await turn();
    expect(database.ids).toEqual([['a'], ['b', 'c']]);
    database.end();
    expect((await Promise.all(others)).map((row) => row.event_id)).toEqual(['b', 'c']);
  });

  it('takes at most one item of a stream into a group, in order', async () => {
    const { database, submit } = setUp();
    await Promise.all([submit('a', 's'), submit('b', 's'), submit('c', 't'), submit('d', 's')]);
    expect(database.ids).toEqual([['a', 'c'], ['b'], ['d']]);
  });

  it('keeps groups small in number and in size', async () => {
    const few = setUp({ maxGroup: 2 });
    await Promise.all([few.submit('a'), few.submit('b'), few.submit('c')]);
    expect(few.database.ids).toEqual([['a', 'b'], ['c']]);
    const small = setUp({ maxGroupSize: 150 });
    await Promise.all([small.submit('a', 'a', 400), small.submit('b', 'b', 100), small.submit('c')]);
    expect(small.database.ids).toEqual([['a'], ['b'], ['c']]);
  });

  it('lets one poisonous item fail alone', async () => {
    const { database, submit } = setUp();
    database.answer = async (group) => {
      if (group.some((item) => item.id === 'bad')) throw new SynapError('DATABASE_FAILED', 'poison');
    };
    const [a, bad, b] = [submit('a'), submit('bad'), submit('b')];
    expect(await failure(bad)).toMatchObject({ code: 'DATABASE_FAILED' });
    expect([(await a).event_id, (await b).event_id]).toEqual(['a', 'b']);
    expect(database.ids).toEqual([['a', 'bad', 'b'], ['a'], ['bad'], ['b']]);
  });

  it('tries the very same items again when the database does not answer', async () => {
    const { database, submit } = setUp();
    let failures = 2;
    database.answer = async () => {
      if (failures-- > 0) throw new SynapError('DATABASE_UNAVAILABLE', 'gone');
    };
    await Promise.all([submit('a'), submit('b')]);
    expect(database.ids).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('does not try again what another try cannot mend', async () => {
    const { database, submit } = setUp();
    database.answer = () => Promise.reject(new SynapError('STORAGE_FULL', 'full'));
    const both = [failure(submit('a')), failure(submit('b'))];
    expect((await Promise.all(both)).map((error) => error.code)).toEqual(['STORAGE_FULL', 'STORAGE_FULL']);
    expect(database.groups).toHaveLength(1);
  });

  it('refuses more than may wait', async () => {
    const { database, submit } = setUp({ maxQueue: 2 });
    database.hold();
    const first = submit('a');
    await turn();
    const waiting = [submit('b'), submit('c')];
    expect(await failure(submit('d'))).toMatchObject({ code: 'OVERLOADED' });
    database.answer = () => Promise.resolve();
    database.end();
    await Promise.all([first, ...waiting]);
    await submit('e');
  });

  it('lets a group that is worth it set out while another is under way, and each stream in one of them', async () => {
    const { database, submit } = setUp({ minOverlap: 2 });
    database.hold();
    const first = submit('a', 's');
    await turn();
    const others = [submit('b', 's'), submit('c', 't'), submit('d', 's'), submit('e', 'u'), submit('f', 'v')];
    await turn();
    expect(database.ids).toEqual([['a'], ['c', 'e', 'f']]);
    // The one ahead is back: its stream is free again, for one of those that wait.
    database.end();
    await first;
    await turn();
    expect(database.ids).toEqual([['a'], ['c', 'e', 'f'], ['b']]);
    database.end();
    await turn();
    database.end();
    await turn();
    database.end();
    expect((await Promise.all(others)).map((row) => row.event_id)).toEqual(['b', 'c', 'd', 'e', 'f']);
    expect(database.ids).toEqual([['a'], ['c', 'e', 'f'], ['b'], ['d']]);
  });

  it('makes two groups of one size of those that come at once', async () => {
    const { database, submit } = setUp({ minOverlap: 2 });
    database.hold();
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => submit(id));
    await turn();
    const expected = [
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ];
    expect(database.ids).toEqual(expected);
    database.end();
    database.end();
    await Promise.all(all);
    expect(database.ids).toEqual(expected);
  });

  it('has one group under way where it is told so', async () => {
    const { database, submit } = setUp({ minOverlap: 1, lanes: 1 });
    database.hold();
    const first = submit('a');
    await turn();
    const others = [submit('b'), submit('c')];
    await turn();
    expect(database.ids).toEqual([['a']]);
    database.end();
    await first;
    await turn();
    database.end();
    await Promise.all(others);
    expect(database.ids).toEqual([['a'], ['b', 'c']]);
  });

  it('runs the items of a group that fails alone while the other group goes on', async () => {
    const { database, submit } = setUp({ minOverlap: 2 });
    database.answer = async (group) => {
      if (group.some((item) => item.id === 'bad')) throw new SynapError('DATABASE_FAILED', 'poison');
    };
    const [a, bad, b, c] = [submit('a'), submit('bad'), submit('b'), submit('c')];
    expect(await failure(bad)).toMatchObject({ code: 'DATABASE_FAILED' });
    expect((await Promise.all([a, b, c])).map((row) => row.event_id)).toEqual(['a', 'b', 'c']);
    expect(new Set(database.ids.map((ids) => ids.join()))).toEqual(new Set(['a,bad', 'b,c', 'a', 'bad']));
  });

  it('is closed when the last of several groups is back', async () => {
    const { database, committer, submit } = setUp({ minOverlap: 1 });
    database.hold();
    const all = [submit('a'), submit('b')];
    await turn();
    expect(database.ids).toEqual([['a'], ['b']]);
    let closed = false;
    const closing = committer.close().then(() => {
      closed = true;
    });
    database.end();
    await turn();
    expect(closed).toBe(false);
    database.end();
    await closing;
    await Promise.all(all);
  });

  it('ends what waits when it is closed, and takes nothing more', async () => {
    const { database, committer, submit } = setUp();
    database.hold();
    const first = submit('a');
    await turn();
    const second = submit('b');
    const closed = committer.close();
    expect(await failure(submit('c'))).toMatchObject({ code: 'SHUTTING_DOWN' });
    database.answer = () => Promise.resolve();
    database.end();
    await closed;
    await Promise.all([first, second]);
    expect(database.ids).toEqual([['a'], ['b']]);
  });
});
