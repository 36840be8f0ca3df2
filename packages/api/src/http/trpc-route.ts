import { correlationId, isSynapError, LIMITS, SynapError } from '@synap/types';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import type { ApiContext, AuthContext, Logger, Services } from '../context.ts';
import { errorHeaders, publicTrpcError, synapErrorOf } from '../errors.ts';
import { appRouter } from '../routers/app-router.ts';
import type { BodyReader } from './body.ts';

export const TRPC_PATH = '/trpc';

export interface TrpcRoute {
  readonly services: Services;
  readonly bodies: BodyReader;
  readonly logger: Logger;
  readonly forgetKeys: () => void;
}

/** Answers a call, or a batch of them. */
export async function trpcResponse(
  route: TrpcRoute,
  request: Request,
  auth: AuthContext | null,
  requestId: string,
): Promise<Response> {
  checkBatch(new URL(request.url));
  // Who has not said who they are is refused by every procedure, and need not have their body read for that.
  if (request.method !== 'POST' || !auth) return answer(route, bodiless(request), auth, requestId);
  return route.bodies.with(request, (body) => {
    const { method, headers, url, signal } = request;
    return answer(route, new Request(url, { method, headers, signal, body }), auth, requestId);
  });
}

function bodiless({ method, headers, url, signal }: Request): Request {
  return new Request(procedureUrl(url), { method, headers, signal });
}

function answer(
  { services, forgetKeys, logger }: TrpcRoute,
  req: Request,
  auth: AuthContext | null,
  requestId: string,
): Promise<Response> {
  const context: ApiContext = { auth, services, forgetKeys, correlationId: correlationOf(req) };
  return fetchRequestHandler({
    endpoint: TRPC_PATH,
    router: appRouter,
    req,
    createContext: () => context,
    onError: ({ error, path }) => {
      const seen = publicTrpcError(error);
      if (seen.status < 500 || seen.reason === 'OVERLOADED' || seen.reason === 'SHUTTING_DOWN') return;
      logger.error({ err: synapErrorOf(error), code: seen.reason, procedure: path, requestId }, 'procedure failed');
    },
    responseMeta: ({ errors }) => {
      const worst = errors.map(publicTrpcError).sort((a, b) => b.status - a.status)[0];
      return worst ? { headers: new Headers(errorHeaders(worst)) } : {};
    },
  });
}

/** `notes.search` is also called as the plan writes it, `?query=…&limit=…`, instead of with tRPC's `?input={…}`. */
function procedureUrl(url: string): string {
  const plain = new URL(url);
  const { query, limit, useRAG } = Object.fromEntries(plain.searchParams);
  if (plain.pathname !== `${TRPC_PATH}/notes.search` || query === undefined) return url;
  if (plain.searchParams.has('input')) return url;
  const input = {
    query,
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(useRAG !== undefined && { useRAG: useRAG === 'true' }),
  };
  plain.search = new URLSearchParams({ input: JSON.stringify(input) }).toString();
  return plain.href;
}

/** @throws {SynapError} `BATCH_TOO_LARGE` */
function checkBatch({ pathname, searchParams }: URL): void {
  if (searchParams.get('batch') !== '1') return;
  if (pathname.split(/,|%2c/i).length <= LIMITS.idsPerBatch) return;
  throw new SynapError('BATCH_TOO_LARGE', `A batch has at most ${LIMITS.idsPerBatch} calls.`, {
    details: { limit: LIMITS.idsPerBatch },
  });
}

/** What is no UUID is somebody else's kind of correlation id, and no reason to refuse a request. */
function correlationOf(request: Request): ApiContext['correlationId'] {
  const value = request.headers.get('x-correlation-id');
  if (value === null) return undefined;
  try {
    return correlationId(value);
  } catch (error) {
    if (isSynapError(error, 'INVALID_ID')) return undefined;
    throw error;
  }
}
