import { isSynapError, SynapError } from '@synap/types';
import { jsonLines, request } from './client/http.ts';
import { findHolder } from './client/target.ts';
import type { Config } from './config.ts';
import { DataFolder } from './data-folder.ts';
import { CommandError, EXIT } from './exit.ts';
import { openStores, type Stores, type StoresOptions } from './stores.ts';

/**
 * Runs maintenance on the stores themselves, or, while a server holds the embedded database, hands it to that server.
 * @param remote the path of the server's route and what to do with each line of its answer
 */
export async function onStoresOrServer(
  config: Config,
  local: (stores: Stores) => Promise<void>,
  remote: { path: string; receive: (line: unknown) => Promise<void> | void },
  options?: StoresOptions,
): Promise<void> {
  let stores: Stores;
  try {
    stores = await openStores(config, options);
  } catch (error) {
    if (!isSynapError(error, 'DATA_FOLDER_LOCKED')) throw error;
    await onServer(config, remote);
    return;
  }
  try {
    await local(stores);
  } finally {
    await stores.close();
  }
}

async function onServer(
  config: Config,
  remote: { path: string; receive: (line: unknown) => Promise<void> | void },
): Promise<void> {
  const target = await findHolder(process.env, config.data);
  const response = await request(target, `/api/v1/admin/${remote.path}`, { method: 'POST' });
  for await (const line of jsonLines(target, response)) {
    if (isError(line)) throw new CommandError(EXIT.FAILED, line.message);
    await remote.receive(line);
  }
}

function isError(line: unknown): line is { message: string } {
  return typeof line === 'object' && line !== null && 'event' in line && line.event === 'error' && 'message' in line;
}

/** Refuses to make an empty library only to find it in good order. @throws {SynapError} `CONFIGURATION_INVALID` */
export function requireLibrary(config: Config): void {
  if (config.databaseUrl !== undefined || new DataFolder(config.data).hasDatabase) return;
  throw new SynapError(
    'CONFIGURATION_INVALID',
    `There is no library in ${config.data}. Name the data folder with --data or SYNAP_DATA.`,
  );
}
