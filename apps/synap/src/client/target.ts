import type { Environment } from '../config.ts';
import { DataFolder } from '../data-folder.ts';
import { CommandError, EXIT } from '../exit.ts';

/** Which server a command talks to, and as whom. */
export interface Target {
  /** Without a slash at the end. */
  readonly url: string;
  readonly key?: string;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';

function set(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}

/**
 * `SYNAP_URL` and `SYNAP_API_KEY`; where they are not set, what the server on this data folder left there. The key of
 * the data folder goes to that server or to one of this machine's default address, never to an address of `SYNAP_URL`:
 * that one may be anybody's.
 * @throws {CommandError} if `SYNAP_URL` is no address
 */
export async function findTarget(environment: Environment, data: string): Promise<Target> {
  const folder = new DataFolder(data);
  const given = set(environment.SYNAP_URL)?.replace(/\/+$/, '');
  const local = (await folder.server())?.url;
  const url = given ?? local ?? DEFAULT_URL;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new CommandError(EXIT.USAGE, `SYNAP_URL is not an address such as ${DEFAULT_URL}.`);
  }
  const key = set(environment.SYNAP_API_KEY) ?? (given === undefined || given === local ? await ownKey() : undefined);
  return key === undefined ? { url } : { url, key };

  async function ownKey(): Promise<string | undefined> {
    return (await folder.ownerKey()) ?? set(environment.SYNAP_OWNER_KEY);
  }
}

/** The server that holds a data folder: maintenance goes to that one and to no other. */
export async function findHolder(environment: Environment, data: string): Promise<Target> {
  const folder = new DataFolder(data);
  const server = await folder.server();
  if (!server) {
    throw new CommandError(
      EXIT.UNREACHABLE,
      `Another Synap holds the data folder ${data} and does not say where it listens. Stop it and try again.`,
    );
  }
  const key = set(environment.SYNAP_API_KEY) ?? (await folder.ownerKey()) ?? set(environment.SYNAP_OWNER_KEY);
  return key === undefined ? { url: server.url } : { url: server.url, key };
}

export function unreachable(url: string, cause: unknown): CommandError {
  return new CommandError(EXIT.UNREACHABLE, `No Synap answers at ${url}; start it with: pnpm start`, { cause });
}

export function unauthenticated(target: Target): CommandError {
  return new CommandError(
    EXIT.USAGE,
    target.key === undefined
      ? `${target.url} wants an API key: set SYNAP_API_KEY, or name the server's data folder with --data.`
      : `${target.url} does not accept the API key. Set SYNAP_API_KEY to one that it gave out.`,
  );
}
