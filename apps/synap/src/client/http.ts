import { z } from 'zod';
import { CommandError, EXIT } from '../exit.ts';
import { type Target, unauthenticated, unreachable } from './target.ts';

/** Codes by which the server says that the command line was wrong, not the work. */
export const USAGE_CODES: ReadonlySet<string> = new Set(['VALIDATION_FAILED', 'INVALID_ID']);

export function authorization(target: Target): Record<string, string> {
  return target.key === undefined ? {} : { authorization: `Bearer ${target.key}` };
}

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/**
 * A request outside tRPC. Gives the answer if it is a good one.
 * @throws {CommandError} with the server's own words
 */
export async function request(target: Target, path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(authorization(target))) headers.set(name, value);
    response = await fetch(target.url + path, { ...init, headers });
  } catch (error) {
    throw unreachable(target.url, error);
  }
  if (response.ok) return response;
  if (response.status === 401) throw unauthenticated(target);
  const body: unknown = await response.json().catch(() => undefined);
  const { code, message } = errorSchema.safeParse(body).data?.error ?? {
    code: 'INTERNAL',
    message: `The server answered ${response.status}, and not as Synap does.`,
  };
  throw new CommandError(USAGE_CODES.has(code) ? EXIT.USAGE : EXIT.FAILED, message);
}

/**
 * The JSON lines of an answer, as they come.
 * @throws {CommandError} `UNREACHABLE` if the server goes away in the middle
 */
export async function* jsonLines(target: Target, response: Response): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line);
    }
  } catch (error) {
    throw new CommandError(EXIT.UNREACHABLE, `${target.url} went away before it was done.`, { cause: error });
  }
}
