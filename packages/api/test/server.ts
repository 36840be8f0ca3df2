import { join } from 'node:path';
import {
  AccountRepository,
  Committer,
  type Database,
  EntityRepository,
  EventRepository,
  findByIdempotencyKey,
  OriginRepository,
  ping,
  RelationRepository,
  SessionRepository,
  searchEntities,
  UploadRepository,
} from '@synap/database';
import { testDatabase } from '@synap/database/testing';
import { FsStorage, type ObjectStorage } from '@synap/storage';
import { type Entity, type ErrorCode, KeyScope, type UserId } from '@synap/types';
import { expect } from 'vitest';
import {
  type AppOptions,
  type BrowserOptions,
  createApp,
  EntitySearch,
  FileStore,
  type IdempotencyLookup,
  Imports,
  PostgresR2Storage,
  type SynapApp,
  TextCache,
  Uploads,
} from '../src/index.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** What a call answered, over HTTP and in tRPC's envelope. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly data: unknown;
  readonly error:
    | { readonly message: string; readonly data: Record<string, unknown> & { reason: ErrorCode } }
    | undefined;
}

/** A user who talks to the server as any client does. */
export class Client {
  readonly userId: UserId;
  readonly key: string;
  readonly #app: SynapApp;

  constructor(app: SynapApp, userId: UserId, key: string) {
    this.#app = app;
    this.userId = userId;
    this.key = key;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.key}`);
    return this.#app.app.request(path, { ...init, headers });
  }

  async query(procedure: string, input?: unknown): Promise<Answer> {
    const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    return answerOf(await this.fetch(`/trpc/${procedure}${query}`));
  }

  async mutate(procedure: string, input: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.post(procedure, JSON.stringify(input), headers);
  }

  async post(procedure: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
    const init = {
      method: 'POST',
      body: body as NonNullable<RequestInit['body']>,
      headers: { 'content-type': 'application/json', ...headers },
    };
    return answerOf(await this.fetch(`/trpc/${procedure}`, init));
  }

  /** The data of a query that must succeed. */
  async get<Data = Entity>(procedure: string, input?: unknown): Promise<Data> {
    return dataOf<Data>(await this.query(procedure, input));
  }

  /** The data of a mutation that must succeed. */
  async do<Data = Entity>(procedure: string, input: unknown): Promise<Data> {
    return dataOf<Data>(await this.mutate(procedure, input));
  }

  async note(content: string, more: object = {}): Promise<Entity> {
    return (await this.do<{ note: Entity }>('notes.create', { content, ...more })).note;
  }

  async bytes(id: string, query = ''): Promise<Buffer> {
    const response = await this.fetch(`/api/v1/entities/${id}/content${query}`);
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  }
}

export async function answerOf(response: Response): Promise<Answer> {
  const body = (await response.json()) as { result?: { data: unknown }; error?: Answer['error'] };
  return { status: response.status, headers: response.headers, data: body.result?.data, error: body.error };
}

export function dataOf<Data>(answer: Answer): Data {
  expect(answer.error).toBeUndefined();
  expect(answer.status).toBe(200);
  return answer.data as Data;
}

export interface TestServer {
  readonly app: SynapApp;
  readonly database: Database;
  readonly objects: ObjectStorage;
  /** Where the objects are files. */
  readonly folder: string;
  readonly events: EventRepository;
  readonly entities: EntityRepository;
  readonly accounts: AccountRepository;
  readonly sessions: SessionRepository;
  readonly log: LogLine[];
  /** A new user with a key of these scopes; read and write if absent. */
  client(scopes?: readonly KeyScope[]): Promise<Client>;
  /** Another key of the same user. */
  keyOf(client: Client, scopes: readonly KeyScope[]): Promise<Client>;
  close(): Promise<void>;
}

export interface TestServerOptions extends Partial<Omit<AppOptions, 'browsers'>> {
  readonly browsers?: Omit<BrowserOptions, 'sessions'>;
  /** What sessions go by. */
  readonly clock?: () => Date;
  /** Puts something between the storage and its database or objects, to make them fail. */
  readonly wrapDatabase?: (database: Database) => Database;
  readonly wrapObjects?: (objects: ObjectStorage) => ObjectStorage;
}

/** All of the API on a real database and real files, without a socket. */
export async function testServer({
  wrapDatabase,
  wrapObjects,
  browsers,
  clock,
  ...options
}: TestServerOptions = {}): Promise<TestServer> {
  const test = await testDatabase();
  const database = wrapDatabase?.(test.database) ?? test.database;
  const root = join(test.folder, 'objects');
  const objectFiles = await FsStorage.open({ root, minFreeBytes: 0 });
  const objects = wrapObjects?.(objectFiles) ?? objectFiles;
  const committer = new Committer(database);
  const events = new EventRepository(database, committer);
  const entities = new EntityRepository(database);
  const accounts = new AccountRepository(test.database);
  const sessions = new SessionRepository(database, clock);
  const lookup: IdempotencyLookup = (...request) => findByIdempotencyKey(database, ...request);
  const parts = {
    objects,
    events,
    entities,
    relations: new RelationRepository(database),
    findByIdempotencyKey: lookup,
  };
  const storage = new PostgresR2Storage(parts);
  const files = new FileStore(objects, storage);
  const uploads = new Uploads({
    uploads: new UploadRepository(database),
    files,
    storage,
    findByIdempotencyKey: lookup,
  });
  const imports = new Imports({ ...parts, storage, files, origins: new OriginRepository(database) });
  const log: LogLine[] = [];
  const note = (level: LogLine['level']) => (fields: object, message: string) => {
    log.push({ level, fields: fields as Record<string, unknown>, message });
  };
  const app = createApp({
    services: {
      storage,
      uploads,
      imports,
      events,
      search: new EntitySearch({
        entities,
        texts: new TextCache(objects),
        find: (userId, request) => searchEntities(database, userId, request),
      }),
      keys: accounts,
      info: () => ({ name: 'synap', version: '0', database: database.kind, events: '', storage: 'fs', jobs: '' }),
    },
    authenticate: async (key) => {
      const found = await accounts.authenticate(key);
      return found && { userId: found.account.userId, scopes: found.apiKey.scopes, expiresAt: found.apiKey.expiresAt };
    },
    ready: () => ping(database),
    browsers: { sessions, ...browsers },
    logger: { info: note('info'), warn: note('warn'), error: note('error') },
    ...options,
  });
  const key = async (userId: UserId, scopes: readonly KeyScope[]) => {
    return new Client(app, userId, (await accounts.createKey({ userId, name: 'test', scopes })).key);
  };
  return {
    app,
    database: test.database,
    objects: objectFiles,
    folder: root,
    events,
    entities,
    accounts,
    sessions,
    log,
    client: async (scopes = [KeyScope.READ, KeyScope.WRITE]) => {
      const { userId } = await accounts.createUser({ name: 'somebody' });
      return key(userId, scopes);
    },
    keyOf: (client, scopes) => key(client.userId, scopes),
    close: async () => {
      await committer.close();
      await objectFiles.close();
      await test.close();
    },
  };
}

/** Keys of the objects in the store. */
export async function keysOf(objects: ObjectStorage): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list()) keys.push(key);
  return keys;
}
