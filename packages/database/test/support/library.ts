import { newUserId, type SynapError, type UserId } from '@synap/types';
import { afterAll, beforeAll } from 'vitest';
import {
  Committer,
  type Database,
  EntityRepository,
  EventRepository,
  type Finding,
  RelationRepository,
  type Row,
  type Value,
  verifyEvents,
  verifyProjections,
} from '../../src/index.ts';
import { type TestDatabase, testDatabase } from '../../src/testing/index.ts';

/** Where it can be, several groups are under way at a time, however few the items: the tests have to meet that. */
const EAGER = { minOverlap: 1 };

/** A database of the test file's own with everything that stands on it. */
export interface Library {
  readonly test: TestDatabase;
  readonly database: Database;
  readonly committer: Committer;
  readonly events: EventRepository;
  readonly entities: EntityRepository;
  readonly relations: RelationRepository;
  /** Two users who have nothing to do with each other. */
  readonly alice: UserId;
  readonly bob: UserId;
  /** As a new start of the program. */
  reopen(): Promise<void>;
}

/** Opens a library before the tests of the file or the `describe` it is called in, and closes it after them. */
export function useLibrary(): Library {
  let test: TestDatabase | undefined;
  let committer: Committer | undefined;
  const opened = () => {
    if (!test || !committer) throw new Error('The library is not open yet.');
    return { test, committer };
  };
  const alice = newUserId();
  const bob = newUserId();

  beforeAll(async () => {
    test = await testDatabase();
    committer = new Committer(test.database, EAGER);
  });
  afterAll(async () => {
    await committer?.close();
    await test?.close();
  });

  return {
    alice,
    bob,
    get test() {
      return opened().test;
    },
    get database() {
      return opened().test.database;
    },
    get committer() {
      return opened().committer;
    },
    get events() {
      return new EventRepository(opened().test.database, opened().committer);
    },
    get entities() {
      return new EntityRepository(opened().test.database);
    },
    get relations() {
      return new RelationRepository(opened().test.database);
    },
    async reopen() {
      await opened().committer.close();
      committer = new Committer(await opened().test.reopen(), EAGER);
    },
  };
}

/** One statement with the owner's rights, as a person with the keys of the database would plant a fault. */
export async function asOwner(database: Database, sql: string, params?: readonly Value[]): Promise<Row[]> {
  const [rows = []] = await database.transaction({ role: 'owner' }, [params ? { sql, params } : { sql }]);
  return rows;
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** What `synap verify` would say of the log and the projections. */
export async function findings(database: Database): Promise<Finding[]> {
  return [...(await collect(verifyEvents(database))), ...(await collect(verifyProjections(database)))];
}

/** The error of something that must fail. */
export async function failure(promise: Promise<unknown>): Promise<SynapError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error as SynapError,
  );
  if (outcome === undefined) throw new Error('It should have failed.');
  return outcome;
}
