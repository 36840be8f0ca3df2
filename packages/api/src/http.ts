import { SynapError } from '@synap/types';
import { type Context, Hono } from 'hono';
import { type RequestIdVariables, requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import type { AuthContext, Logger, Services } from './context.ts';
import { errorBody, errorHeaders, type PublicError, publicError, synapErrorOf, trpcShape } from './errors.ts';
import { Authenticator, type AuthenticatorOptions } from './http/authenticator.ts';
import { BodyReader } from './http/body.ts';
import { contentResponse } from './http/content-route.ts';
import { Gate } from './http/gate.ts';
import { importResponse } from './http/import-route.ts';
import { OriginGuard, type OriginOptions } from './http/origin.ts';
import { sessionRoutes, setSessionCookie } from './http/session-route.ts';
import { type SessionStore, Sessions, sessionToken } from './http/sessions.ts';
import { TRPC_PATH, trpcResponse } from './http/trpc-route.ts';
import { uploadResponse } from './http/upload-route.ts';
import { authorised } from './trpc.ts';

export interface AppOptions {
  readonly services: Services;
  /** Whose key this is; null for none that is good. */
  readonly authenticate: (key: string) => Promise<AuthContext | null>;
  /** Resolves if the stores answer, else throws. */
  readonly ready: () => Promise<void>;
  readonly logger: Logger;
  /** Serves the signed addresses of files below `/files/`; absent where the store signs addresses of its own. */
  readonly files?: (request: Request, onFailure: (error: unknown) => void) => Promise<Response>;
  /** Requests that are worked on at once; more are refused with 503. Default 2,000. */
  readonly maxInFlight?: number;
  /** Milliseconds that `ready` may take. Default 2,000. */
  readonly readyTimeoutMs?: number;
  /** Bytes of one body. Default `LIMITS.bodyBytes`. */
  readonly maxBodyBytes?: number;
  readonly authenticator?: AuthenticatorOptions;
  /** Absent: there are no sessions, and cookies are not looked at. */
  readonly browsers?: BrowserOptions;
}

export interface BrowserOptions extends OriginOptions {
  readonly sessions: SessionStore;
  /** Who counts as one caller when failed attempts are counted. Default: all are one. */
  readonly addressOf?: (context: Context<AppEnv>) => string;
}

export interface AppEnv {
  Variables: RequestIdVariables & { auth: AuthContext | null };
}

export interface SynapApp {
  /** Further routes may be added; they get the same headers, log lines and limits. */
  readonly app: Hono<AppEnv>;
  /** Refuses new requests with 503 `SHUTTING_DOWN` from now on. Those under way go on; `/health` still answers. */
  drain(): void;
}

/** The HTTP side of Synap, without a server: everything it works with is handed in. */
export function createApp(options: AppOptions): SynapApp {
  const { services, logger, files } = options;
  const app = new Hono<AppEnv>();
  const gate = new Gate(options.maxInFlight ?? 2_000);
  const authenticator = new Authenticator(options.authenticate, options.authenticator);
  const bodies = new BodyReader(options.maxBodyBytes);
  const origins = new OriginGuard(options.browsers ?? {});
  const sessions = options.browsers && new Sessions(options.browsers.sessions, logger, options.authenticator);
  const secure = options.browsers?.publicUrl?.startsWith('https:') ?? false;
  const route = { services, bodies, logger, forgetKeys: () => authenticator.clear() };

  app.use(requestId());
  app.use((context, next) => logRequest(logger, context, next));
  app.use(secureHeaders());
  app.onError((error, context) => {
    const seen = publicError(error);
    if (seen.status === 500 || (seen.status === 503 && isFault(seen))) {
      logger.error(
        { err: synapErrorOf(error), code: seen.reason, requestId: context.get('requestId') },
        'request failed',
      );
    }
    return errorResponse(context, seen);
  });
  app.notFound((context) => {
    return errorResponse(context, publicError(new SynapError('NOT_FOUND', 'There is nothing at this address.')));
  });

  app.get('/health', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', async (context) => {
    if (gate.draining) throw new SynapError('SHUTTING_DOWN', 'Synap is stopping.');
    try {
      await within(options.readyTimeoutMs ?? 2_000, options.ready());
    } catch (error) {
      logger.warn({ err: synapErrorOf(error) }, 'not ready');
      return errorResponse(context, { ...publicError(error), status: 503 });
    }
    return context.json({ status: 'ready' });
  });

  app.use((_context, next) => gate.pass(next));
  app.use(async ({ req }, next) => {
    // A key and a signed address are no browser's habit to send along.
    if (req.header('authorization') === undefined && !req.path.startsWith('/files/')) origins.requireKnownHost(req.raw);
    await next();
  });
  const failed = (context: Context<AppEnv>) => (error: unknown) => {
    logger.error({ err: synapErrorOf(error), requestId: context.get('requestId') }, 'an answer was cut off');
  };
  const identified = async (context: Context<AppEnv>) => {
    const auth = await identify(context.req.raw);
    context.set('auth', auth);
    return auth;
  };
  const identify = async (request: Request) => {
    const authorization = request.headers.get('authorization');
    const token = authorization === null ? sessionToken(request) : undefined;
    if (!sessions || token === undefined) return authenticator.identify(authorization);
    origins.requireOwnPage(request);
    return sessions.identify(token);
  };
  if (options.browsers && sessions) {
    const { addressOf = () => '' } = options.browsers;
    app.use(async (context, next) => {
      await next();
      const token = context.get('auth')?.session?.renewed ? sessionToken(context.req.raw) : undefined;
      if (token !== undefined) setSessionCookie(context, token, secure);
    });
    app.route('/api/session', sessionRoutes({ sessions, origins, identified, addressOf, secure }));
  }

  app.all(`${TRPC_PATH}/*`, async (context) => {
    return trpcResponse(route, context.req.raw, await identified(context), context.get('requestId'));
  });
  app.get('/api/v1/entities/:id/content', async (context) => {
    const userId = authorised(await identified(context), 'read');
    return contentResponse(services.storage, userId, context.req.param('id'), context.req.raw, failed(context));
  });
  app.put('/api/v1/uploads/:id', async (context) => {
    const userId = authorised(await identified(context), 'write');
    return uploadResponse(services.uploads, userId, context.req.param('id'), context.req.raw);
  });
  app.put('/api/v1/import/file', async (context) => {
    const userId = authorised(await identified(context), 'write');
    return importResponse(services.imports, bodies, userId, context.req.raw);
  });
  if (files) app.get('/files/*', (context) => files(context.req.raw, failed(context)));

  return { app, drain: () => gate.drain() };
}

/** Overload and shutdown are no faults: they are told to the client and seen in the lines of the requests. */
function isFault({ reason }: PublicError): boolean {
  return reason !== 'OVERLOADED' && reason !== 'SHUTTING_DOWN';
}

function errorResponse(context: Context<AppEnv>, error: PublicError): Response {
  // Clients of tRPC read errors in tRPC's shape, also those that come before any procedure.
  const body = context.req.path.startsWith(`${TRPC_PATH}/`) ? { error: trpcShape(error) } : errorBody(error);
  return context.json(body, error.status, errorHeaders(error));
}

async function logRequest(logger: Logger, context: Context<AppEnv>, next: () => Promise<void>): Promise<void> {
  const started = performance.now();
  await next();
  const { method, path } = context.req;
  const fields = {
    requestId: context.get('requestId'),
    method,
    path,
    status: context.res.status,
    ms: Math.round((performance.now() - started) * 10) / 10,
    userId: context.get('auth')?.userId,
  };
  logger.info(fields, 'request');
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new SynapError('DATABASE_UNAVAILABLE', 'The stores do not answer in time.'));
  }, milliseconds);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
