import { AccountRepository, SessionRepository } from '@synap/database';
import { compose, systemInfo } from './compose.ts';
import type { Config } from './config.ts';
import { DataFolder } from './data-folder.ts';
import { createLog, type Logger } from './log.ts';
import type { Output } from './output.ts';
import { ensureOwner, type NewOwner } from './owner.ts';
import { indexInBackground } from './search-index.ts';
import { listen } from './server.ts';
import { signInUrl } from './sign-in.ts';
import { openStores, type Stores } from './stores.ts';
import { WEB_FOLDER, WebApp } from './web-app.ts';

/** Runs the server until a signal asks it to stop, and then lets everything that was begun come to its end. */
export async function runServer(config: Config, output: Output): Promise<void> {
  const log = createLog(config.logLevel);
  const stopping = untilStopped(log);
  const stores = await openStores(config);
  try {
    await serve(config, stores, output, log, stopping);
  } finally {
    await stores.close();
  }
  log.info('stopped');
}

async function serve(
  config: Config,
  stores: Stores,
  output: Output,
  log: Logger,
  stopping: Promise<NodeJS.Signals>,
): Promise<void> {
  const folder = new DataFolder(config.data);
  const accounts = new AccountRepository(stores.database);
  const sessions = new SessionRepository(stores.database);
  const web = await WebApp.load(WEB_FOLDER);
  const application = compose({ config, stores, accounts, sessions, web, log });
  try {
    const listening = await listen(application.app, config.host, config.port);
    try {
      // Where others reach it, which behind a proxy is not where it listens.
      stores.setBaseUrl(config.publicUrl ?? listening.url);
      // Only now: a start that failed on its port would have made a key and shown it to nobody.
      const owner = await ensureOwner(accounts, folder, config.ownerKey);
      if (owner) tellOwner(output, owner, folder);
      await warnOfUselessKey(config, accounts, owner, log);
      folder.announceServer({ pid: process.pid, url: listening.url });
      // Where nobody watches, the link would lie about in a log.
      const link =
        owner || (process.stdout.isTTY && !output.json)
          ? await ownersLink(accounts, sessions, config.publicUrl ?? listening.url, log)
          : undefined;
      tellReady(output, listening.url, stores, config, link);
      log.info({ url: listening.url, database: stores.database.kind, storage: stores.objects.kind }, 'ready');

      const indexing = indexInBackground(stores, log);
      const signal = await stopping;
      log.info({ signal }, 'stopping');
      application.drain();
      if (!(await listening.drain())) log.warn('some requests did not end in time and are cut off');
      await Promise.all([application.close(), indexing.stop()]);
      await folder.withdrawServer();
    } finally {
      listening.cut();
    }
  } finally {
    await application.close();
  }
}

/** Resolves at the first signal; any further one changes nothing, since the server is stopping already. */
function untilStopped(log: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, (signal) => {
        log.debug({ signal }, 'signal');
        resolve(signal);
      });
    }
  });
}

function tellOwner(output: Output, owner: NewOwner, folder: DataFolder): void {
  output.item({ event: 'owner-created', userId: owner.userId, apiKey: owner.apiKey });
  output.line('This is the first start. The owner’s API key, shown once:');
  output.line();
  output.line(`  ${owner.preset ? 'the one of SYNAP_OWNER_KEY' : owner.apiKey}`);
  output.line();
  output.line('Programs send it as "Authorization: Bearer <key>"; the command line takes it from SYNAP_API_KEY.');
  if (!owner.preset) output.line(`On this machine nothing is to be set: it is kept in ${folder.path}/owner-key.`);
  output.line();
}

/** A preset key counts at the first start only; who sets another one later should not wonder why it does not work. */
async function warnOfUselessKey(
  config: Config,
  accounts: AccountRepository,
  owner: NewOwner | undefined,
  log: Logger,
): Promise<void> {
  if (config.ownerKey === undefined || owner) return;
  if (await accounts.authenticate(config.ownerKey)) return;
  log.warn('SYNAP_OWNER_KEY is no key of this library: it is used at the first start only');
}

/** A link is a write; where none can be made, because the disk is full perhaps, the server can still be read from. */
async function ownersLink(
  accounts: AccountRepository,
  sessions: SessionRepository,
  origin: string,
  log: Logger,
): Promise<string | undefined> {
  try {
    const owner = await accounts.owner();
    return owner ? signInUrl(origin, await sessions.createLink(owner.userId)) : undefined;
  } catch (error) {
    log.warn({ err: error }, 'no link to sign in with could be made');
    return undefined;
  }
}

function tellReady(output: Output, url: string, stores: Stores, config: Config, link: string | undefined): void {
  const { database, events, storage, jobs } = systemInfo(stores);
  output.item({
    event: 'ready',
    url,
    pid: process.pid,
    database,
    events,
    storage,
    jobs,
    ...(link !== undefined && { signInUrl: link }),
  });
  const where = database === 'pglite' ? `everything is in ${config.data}` : 'the database is a PostgreSQL server';
  output.line(`Synap is ready at ${url} (pid ${process.pid}; ${where}). Ctrl-C stops it.`);
  if (link === undefined) output.line('To sign in from a browser: npx -y pnpm@12.21.0 synap sign-in');
  else output.line(`Sign in (once, within ten minutes): ${link}`);
  output.line('Try it from another terminal: npx -y pnpm@12.21.0 synap capture "Hello, Synap"');
}
