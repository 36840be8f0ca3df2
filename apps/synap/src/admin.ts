import type { Account, AccountRepository, ApiKey, SessionRepository } from '@synap/database';
import { isSynapError, SynapError } from '@synap/types';
import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import type { Config } from './config.ts';
import { examine } from './doctor/examine.ts';
import type { Logger } from './log.ts';
import { signInUrl } from './sign-in.ts';
import type { Stores } from './stores.ts';
import { CHECKS, type Reporter } from './verify/messages.ts';
import { OneAtATime, rebuildLibrary, verifyLibrary } from './verify/verify.ts';

export interface AdminDependencies {
  readonly stores: Stores;
  readonly accounts: AccountRepository;
  readonly sessions: SessionRepository;
  readonly config: Config;
  readonly log: Logger;
}

/** The last line of an answer that could not be completed. */
export interface StreamedError {
  readonly event: 'error';
  readonly code: string;
  readonly message: string;
}

/** Answers of these routes are JSON lines, written as the work goes on. */
export const NDJSON = 'application/x-ndjson';

const verifyQuery = z.object({
  checks: z
    .string()
    .transform((names) => names.split(','))
    .pipe(z.array(z.enum(CHECKS)).min(1)),
  sample: z.coerce.number().int().positive().optional(),
});

/**
 * What the command line asks of a server that holds the embedded database: maintenance of the whole library, of all
 * users. Only the owner may, with a key that has the scope `admin`. Refusals are thrown for the application to answer.
 */
export function adminRoutes(deps: AdminDependencies): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  const maintenance = new OneAtATime();

  app.use('*', async (context, next) => {
    context.set('account', requireAdmin(await principal(context, deps.accounts)));
    await next();
  });

  app.post('/sign-in-link', async (context) => {
    context.header('cache-control', 'no-store');
    const link = await deps.sessions.createLink(context.get('account').userId);
    // Where browsers find this server is known to the configuration, and else to whoever asks.
    const url = signInUrl(deps.config.publicUrl ?? new URL(context.req.url).origin, link);
    return context.json({ url, expiresAt: link.expiresAt });
  });

  app.post('/verify', (context) => {
    const query = verifyQuery.safeParse(context.req.query());
    if (!query.success) throw new SynapError('VALIDATION_FAILED', 'checks or sample is not valid.');
    const { checks, sample } = query.data;
    return lines(context, deps.log, (reporter) =>
      maintenance.run(() => verifyLibrary(deps.stores, { checks, ...(sample !== undefined && { sample }) }, reporter)),
    );
  });

  app.post('/rebuild', (context) =>
    lines(context, deps.log, (reporter) => maintenance.run(() => rebuildLibrary(deps.stores, reporter))),
  );

  app.post('/doctor', (context) =>
    lines(context, deps.log, async (_reporter, write) => {
      for await (const diagnosis of examine(deps.stores, deps.config)) await write(diagnosis);
    }),
  );

  return app;
}

interface AdminEnv {
  Variables: { account: Account };
}

interface Principal {
  readonly account: Account;
  readonly apiKey: ApiKey;
}

async function principal(context: Context, accounts: AccountRepository): Promise<Principal | null> {
  const [scheme = '', key = ''] = (context.req.header('authorization') ?? '').split(' ');
  return scheme.toLowerCase() === 'bearer' && key !== '' ? accounts.authenticate(key) : null;
}

function requireAdmin(who: Principal | null): Account {
  if (!who) throw new SynapError('UNAUTHENTICATED', 'An API key is needed: Authorization: Bearer <key>.');
  if (who.account.role !== 'owner' || !who.apiKey.scopes.includes('admin')) {
    throw new SynapError('INSUFFICIENT_SCOPE', 'This needs a key of the owner with the scope "admin".');
  }
  return who.account;
}

type Work = (reporter: Reporter, write: (line: object) => Promise<void>) => Promise<void>;

function lines(context: Context, log: Logger, work: Work): Response {
  context.header('content-type', NDJSON);
  context.header('cache-control', 'no-store');
  return stream(context, async (body) => {
    const write = async (line: object): Promise<void> => {
      // Whoever went away needs no more answers; the work ends here.
      if (body.aborted) throw new SynapError('INTERNAL', 'The client went away.');
      await body.write(`${JSON.stringify(line)}\n`);
    };
    const reporter: Reporter = {
      tell: write,
      progress: (progress) => {
        write({ event: 'progress', ...progress }).catch((error: unknown) =>
          log.debug({ err: error }, 'no progress shown'),
        );
      },
    };
    try {
      await work(reporter, write);
    } catch (error) {
      if (body.aborted) return;
      const known = isSynapError(error) ? error : new SynapError('INTERNAL', 'Something went wrong inside Synap.');
      if (known !== error) log.error({ err: error }, 'an admin request failed');
      await write({ event: 'error', code: known.code, message: known.message } satisfies StreamedError);
    }
  });
}
