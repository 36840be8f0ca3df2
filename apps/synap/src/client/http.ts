import { z } from 'zod';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { type Target, unauthenticated, unreachable } from './target.ts';

/** Codes by which the server says that the command line was wrong, not the work. */
const USAGE_CODES: ReadonlySet<string> = new Set(['VALIDATION_FAILED', 'INVALID_ID']);

export function authorization(target: Target): Record<string, string> {
  return target.key === undefined ? {} : { authorization: `Bearer ${target.key}` };
}

/** For large bodies: only with both of these does fetch not keep all that it has sent, for the case of a redirection. */
export const SENT_ONCE = { window: null, redirect: 'error' } as const;

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** What the server says went wrong. The code is `undefined` if it is not Synap that speaks. */
export async function failureOf(response: Response): Promise<{ code: string | undefined; message: string }> {
  const body: unknown = await response.json().catch(() => undefined);
  const message = `The server answered ${response.status}, and not as Synap does.`;
  return errorSchema.safeParse(body).data?.error ?? { code: undefined, message };
}

/** Whether an answer says that the same may well be done in a moment, or once a store answers again. */
function isBusy(status: number | undefined, code: string | undefined): boolean {
  return (status === 503 || status === 429) && code !== 'STORAGE_FULL';
}

/** Whether a server answers and takes work. */
export async function isReady(target: Target): Promise<boolean> {
  return fetch(`${target.url}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
}

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
  const { code, message } = await failureOf(response);
  throw new CommandError(exitCodeFor(response.status, code), message);
}

/** What a command ends with that got this answer. */
export function exitCodeFor(status: number | undefined, code: string | undefined): ExitCode {
  if (isBusy(status, code)) return EXIT.UNREACHABLE;
  return code !== undefined && USAGE_CODES.has(code) ? EXIT.USAGE : EXIT.FAILED;
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
