import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EntitySearch, PostgresR2Storage, TextCache } from '@synap/api';
import {
  Committer,
  type Database,
  EntityRepository,
  EventRepository,
  findByIdempotencyKey,
  migrate,
  openDatabase,
  RelationRepository,
  searchEntities,
} from '@synap/database';
import { FsStorage } from '@synap/storage';
import { newUserId, type UserId } from '@synap/types';
import { inParallel } from '../../tests/support/client.ts';

export interface Note {
  readonly title: string;
  readonly content: string;
}

/** A library of its own with the storage and the search of the program, without HTTP around them. */
export class BenchLibrary {
  readonly database: Database;
  readonly userId: UserId = newUserId();
  readonly search: EntitySearch;
  readonly #storage: PostgresR2Storage;
  readonly #close: () => Promise<void>;

  private constructor(database: Database, objects: FsStorage, folder: string) {
    this.database = database;
    const committer = new Committer(database);
    const entities = new EntityRepository(database);
    this.#storage = new PostgresR2Storage({
      objects,
      entities,
      events: new EventRepository(database, committer),
      relations: new RelationRepository(database),
      findByIdempotencyKey: (...request) => findByIdempotencyKey(database, ...request),
    });
    this.search = new EntitySearch({
      entities,
      texts: new TextCache(objects),
      find: (userId, request) => searchEntities(database, userId, request),
    });
    this.#close = async () => {
      await committer.close();
      await objects.close();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    };
  }

  /** @param url a PostgreSQL server; embedded if absent */
  static async open(url?: string): Promise<BenchLibrary> {
    const folder = await mkdtemp(join(tmpdir(), 'synap-bench-'));
    const database = await openDatabase({ folder, ...(url !== undefined && { url }) });
    await migrate(database);
    return new BenchLibrary(database, await FsStorage.open({ root: join(folder, 'objects') }), folder);
  }

  /** @returns the ids in the order of the notes */
  async add(notes: readonly Note[]): Promise<string[]> {
    const ids: string[] = [];
    await inParallel(notes.entries(), 128, async ([index, { title, content }]) => {
      ids[index] = (await this.#storage.createEntity({ userId: this.userId, type: 'note', title, content })).id;
    });
    return ids;
  }

  /** As the upkeep of the embedded database, and the server’s own, do now and then. */
  async vacuum(): Promise<void> {
    await this.database.script('VACUUM ANALYZE synap.search_chunks');
  }

  close(): Promise<void> {
    return this.#close();
  }
}
