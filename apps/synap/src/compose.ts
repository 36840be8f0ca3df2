import { getConnInfo } from '@hono/node-server/conninfo';
import {
  createApp,
  EntitySearch,
  FileStore,
  type IdempotencyLookup,
  Imports,
  PostgresR2Storage,
  type SynapApp,
  TextCache,
  Uploads,
} from '@synap/api';
import {
  type AccountRepository,
  Committer,
  EntityRepository,
  EventRepository,
  findByIdempotencyKey,
  OriginRepository,
  ping,
  RelationRepository,
  type SessionRepository,
  searchEntities,
  UploadRepository,
} from '@synap/database';
import { adminRoutes } from './admin.ts';
import { type Config, isLoopback } from './config.ts';
import { serveFile } from './files.ts';
import type { Logger } from './log.ts';
import { PAGE_HEADERS, page } from './page.ts';
import type { Stores } from './stores.ts';
import { synapVersion } from './version.ts';
import { isPageRequest, type WebApp } from './web-app.ts';

const PROBE_KEY = 'readyz/probe';

export interface Composition {
  readonly config: Config;
  readonly stores: Stores;
  readonly accounts: AccountRepository;
  readonly sessions: SessionRepository;
  /** The built page; absent where it was not built, and then a plain one says so. */
  readonly web?: WebApp | undefined;
  readonly log: Logger;
}

export interface Application {
  readonly app: SynapApp['app'];
  /** Lets no new request in; those under way go on. */
  drain(): void;
  /** Refuses new writes and resolves when those under way are durable. Harmless when repeated. */
  close(): Promise<void>;
}

/** Puts the parts together: the one place that knows them all. */
export function compose({ config, stores, accounts, sessions, web, log }: Composition): Application {
  const { database, objects, secret } = stores;
  const committer = new Committer(database);
  const events = new EventRepository(database, committer);
  const findKey: IdempotencyLookup = (...request) => findByIdempotencyKey(database, ...request);
  const entities = new EntityRepository(database);
  const parts = {
    objects,
    events,
    entities,
    relations: new RelationRepository(database),
    findByIdempotencyKey: findKey,
  };
  const storage = new PostgresR2Storage(parts);
  const files = new FileStore(objects, storage);
  const uploads = new Uploads({
    uploads: new UploadRepository(database),
    files,
    storage,
    findByIdempotencyKey: findKey,
  });
  const imports = new Imports({ ...parts, storage, files, origins: new OriginRepository(database) });
  const search = new EntitySearch({
    entities,
    texts: new TextCache(objects),
    find: (userId, request) => searchEntities(database, userId, request),
  });
  const info = systemInfo(stores);
  const api = createApp({
    services: { storage, uploads, imports, search, events, keys: accounts, info: () => info },
    authenticate: async (key) => {
      const found = await accounts.authenticate(key);
      if (!found) return null;
      const { scopes, expiresAt } = found.apiKey;
      return { userId: found.account.userId, scopes, expiresAt };
    },
    ready: async () => {
      // That there is no such object is an answer, and an answer is all that is asked for.
      await Promise.all([ping(database), objects.exists(PROBE_KEY)]);
    },
    logger: log,
    browsers: {
      sessions,
      ...(config.publicUrl !== undefined && { publicUrl: config.publicUrl }),
      loopbackOnly: isLoopback(config.host),
      addressOf: (context) => getConnInfo(context).remote.address ?? '',
    },
    // Other stores serve what they sign themselves.
    ...(objects.kind === 'fs' && {
      files: (request: Request, onFailure: (error: unknown) => void) => serveFile(request, objects, secret, onFailure),
    }),
  });
  const { app } = api;
  app.route('/api/v1/admin', adminRoutes({ stores, accounts, sessions, config, log }));
  // After everything else that is served.
  app.get('*', async (context) => {
    const request = context.req.raw;
    if (web) return (await web.respond(request)) ?? context.notFound();
    if (!isPageRequest(request)) return context.notFound();
    return context.html(page({ ...info, origin: new URL(request.url).origin }), 200, PAGE_HEADERS);
  });
  return { app, drain: () => api.drain(), close: () => committer.close() };
}

export function systemInfo({ database, objects }: Stores) {
  return {
    name: 'synap',
    version: synapVersion(),
    database: database.kind === 'pglite' ? 'pglite' : 'postgres',
    events: 'partitions',
    storage: objects.kind,
    jobs: 'embedded',
  };
}
