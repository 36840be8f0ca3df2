import { Workflows } from '@initiativ/core';
import { KeyScope, SynapError } from '@synap/types';
import { initTRPC } from '@trpc/server';
import type { ApiContext } from './context.ts';
import { publicTrpcError, trpcShape } from './errors.ts';

const t = initTRPC.context<ApiContext>().create({
  isDev: false,
  errorFormatter: ({ error }) => trpcShape(publicTrpcError(error)),
});

export const { router } = t;

/** Each includes the ones before it. */
const RANK: Readonly<Record<KeyScope, number>> = { read: 0, write: 1, admin: 2 };

/**
 * The user behind a request.
 * @throws {SynapError} `UNAUTHENTICATED`, `INSUFFICIENT_SCOPE`
 */
export function authorised(auth: ApiContext['auth'], scope: KeyScope) {
  if (!auth)
    throw new SynapError('UNAUTHENTICATED', 'Sign in, or send a valid API key: "Authorization: Bearer <key>".');
  if (auth.scopes.some((held) => RANK[held] >= RANK[scope])) return auth.userId;
  throw new SynapError('INSUFFICIENT_SCOPE', `This key or session lacks the scope "${scope}".`, { details: { scope } });
}

function needs(scope: KeyScope) {
  return t.procedure.use(({ ctx, next }) => {
    const userId = authorised(ctx.auth, scope);
    const { storage, imports } = ctx.services;
    // What every write of this request carries.
    const write = ctx.correlationId ? { correlationId: ctx.correlationId } : {};
    return next({ ctx: { userId, storage, imports, write, workflows: new Workflows(storage, userId) } });
  });
}

export const reads = needs(KeyScope.READ);
export const writes = needs(KeyScope.WRITE);
export const administers = needs(KeyScope.ADMIN);
