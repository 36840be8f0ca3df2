import { isToken } from '@synap/database';
import { isSynapError, SynapError, type Timestamp, type UserId } from '@synap/types';
import { type Context, Hono } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import type { AppEnv } from '../http.ts';
import { authorised } from '../trpc.ts';
import { Attempts } from './attempts.ts';
import { BodyReader } from './body.ts';
import type { OriginGuard } from './origin.ts';
import { SESSION_COOKIE, type Sessions, sessionToken } from './sessions.ts';

/** Who is signed in, as the page is told. */
export interface SessionInfo {
  readonly user: { readonly id: UserId; readonly name: string; readonly role: 'owner' | 'user' };
  readonly expiresAt: Timestamp;
}

export interface SessionRoute {
  readonly sessions: Sessions;
  readonly origins: OriginGuard;
  readonly identified: (context: Context<AppEnv>) => Promise<AuthContext | null>;
  /** Who counts as one caller when attempts are counted. */
  readonly addressOf: (context: Context<AppEnv>) => string;
  /** Whether the cookie is for HTTPS alone. */
  readonly secure: boolean;
}

const WEEK_SECONDS = 7 * 24 * 60 * 60;
/** Bytes; a token has 43. */
const MAX_BODY = 4_096;

const signIn = z.object({ token: z.string() });

/** Signing in with a printed link, and out again. */
export function sessionRoutes(route: SessionRoute): Hono<AppEnv> {
  const { sessions, origins, identified, addressOf, secure } = route;
  const app = new Hono<AppEnv>();
  const bodies = new BodyReader(MAX_BODY);
  const attempts = new Attempts();

  app.use(async (context, next) => {
    context.header('Cache-Control', 'no-store');
    await next();
  });

  app.post('/', async (context) => {
    const request = context.req.raw;
    // Else another site could sign people in as somebody else and read what they then write.
    origins.refuseOtherPages(request);
    const link = await bodies.with(request, async (body) => signIn.parse(jsonOf(body)).token);
    const signedIn = () => sessions.signIn(link, request.headers.get('user-agent'));
    // What could be a token is always looked up: nobody guesses one, and behind a proxy all callers are one address, so
    // that whoever sends nonsense would else keep everybody out.
    const { token, session } = isToken(link)
      ? await signedIn()
      : await attempts.attempt(addressOf(context), signedIn, (error) => isSynapError(error, 'SIGN_IN_LINK_INVALID'));
    const former = sessionToken(request);
    if (former !== undefined) await sessions.end(former);
    setSessionCookie(context, token, secure);
    const { account, expiresAt } = session;
    return context.json(infoOf(account.userId, account, expiresAt));
  });

  app.get('/', async (context) => {
    const auth = await identified(context);
    if (!auth?.session || !auth.expiresAt) {
      throw new SynapError('UNAUTHENTICATED', 'Nobody is signed in here. "synap sign-in" prints a link that does it.');
    }
    return context.json(infoOf(auth.userId, auth.session, auth.expiresAt));
  });

  app.delete('/', async (context) => {
    const token = sessionToken(context.req.raw);
    if (context.req.query('all') === 'true') {
      await sessions.endAll(authorised(await identified(context), 'write'));
    } else if (token !== undefined) {
      origins.requireOwnPage(context.req.raw);
      await sessions.end(token);
    }
    deleteCookie(context, SESSION_COOKIE, { path: '/', secure });
    return context.body(null, 204);
  });

  return app;
}

/** Gives the browser its session, for as long as the session itself lasts. */
export function setSessionCookie(context: Context<AppEnv>, token: string, secure: boolean): void {
  setCookie(context, SESSION_COOKIE, token, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    maxAge: WEEK_SECONDS,
    secure,
  });
}

function infoOf(id: UserId, { name, role }: Omit<SessionInfo['user'], 'id'>, expiresAt: Timestamp): SessionInfo {
  return { user: { id, name, role }, expiresAt };
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new SynapError('VALIDATION_FAILED', 'Send JSON: {"token": "…"}.', { cause });
  }
}
