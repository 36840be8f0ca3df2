import type { AppRouter } from '@synap/api';
import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client';
import { z } from 'zod';
import { CommandError } from '../exit.ts';
import { authorization, exitCodeFor } from './http.ts';
import { type Target, unauthenticated, unreachable } from './target.ts';

export type Client = ReturnType<typeof createTRPCClient<AppRouter>>;

/** The typed client of the API; the router is imported as a type only, and nothing of it runs here. */
export function createClient(target: Target): Client {
  return createTRPCClient<AppRouter>({
    links: [httpLink({ url: `${target.url}/trpc`, headers: authorization(target) })],
  });
}

/** `reason` is our own code; tRPC's is coarser. */
const errorDataSchema = z.object({ reason: z.string().optional(), httpStatus: z.number().optional() });

function isNetworkFailure(error: unknown): boolean {
  // What the server answered has a shape; without one there was no answer, or none of Synap's.
  return error instanceof TRPCClientError && error.data === undefined && error.shape === undefined;
}

/** A client's error as what the command ends with. */
export function clientError(target: Target, error: unknown): unknown {
  if (!(error instanceof TRPCClientError)) return error;
  if (isNetworkFailure(error)) return unreachable(target.url, error);
  const { reason, httpStatus } = errorDataSchema.parse(error.data ?? {});
  if (reason === 'UNAUTHENTICATED') return unauthenticated(target);
  return new CommandError(exitCodeFor(httpStatus, reason), error.message, { cause: error });
}

/** Runs one call of the client, and a second time if the first one got no answer and `tries` allows it. */
export async function call<Result>(
  target: Target,
  work: (client: Client) => Promise<Result>,
  tries = 1,
): Promise<Result> {
  const client = createClient(target);
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(client);
    } catch (error) {
      if (attempt >= tries || !isNetworkFailure(error)) throw clientError(target, error);
    }
  }
}
