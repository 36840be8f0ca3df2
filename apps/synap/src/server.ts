import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { SynapError } from '@synap/types';
import { CommandError, EXIT } from './exit.ts';

/** Milliseconds, and bytes for the headers. An upload of 64 MiB over a slow line takes minutes; headers never do. */
const LIMITS = {
  headersTimeout: 20_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
} as const;

/** Milliseconds that requests under way have to end once the server is asked to stop. */
export const DRAIN_MS = 10_000;
const DRAIN_LOOK_MS = 20;

/** What answers requests: a Hono app. */
export interface Listener {
  fetch(request: Request, env: object): Response | Promise<Response>;
}

export interface Listening {
  /** Where a client on this machine reaches the server, without a slash at the end. */
  readonly url: string;
  /**
   * Takes no more connections and resolves when every request under way was answered, or after `DRAIN_MS`.
   * @returns whether all were answered
   */
  drain(): Promise<boolean>;
  /** Cuts what is still connected. */
  cut(): void;
}

/**
 * @throws {CommandError} if the port is taken or the address is not this machine's
 */
export async function listen(listener: Listener, host: string, port: number): Promise<Listening> {
  let inFlight = 0;
  const server = createAdaptorServer({
    fetch: (request, env) => listener.fetch(request, env),
    createServer,
    serverOptions: LIMITS,
  }) as Server;
  server.prependListener('request', (_request, response) => {
    inFlight++;
    // 'close' comes after the whole answer was handed over, and also if the client went away.
    response.once('close', () => inFlight--);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen(port, host, resolve);
  });
  return {
    url: urlOf(server, host),
    drain: () => drain(server, () => inFlight),
    cut: () => server.closeAllConnections(),
  };
}

async function drain(server: Server, inFlight: () => number): Promise<boolean> {
  const deadline = performance.now() + DRAIN_MS;
  server.close();
  while (inFlight() > 0 && performance.now() < deadline) await sleep(DRAIN_LOOK_MS);
  return inFlight() === 0;
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new SynapError('INTERNAL', 'The server listens on no port.');
  }
  // "All addresses" is none that a client could call.
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host.replace(/^\[|\]$/g, '');
  return `http://${name.includes(':') ? `[${name}]` : name}:${address.port}`;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new CommandError(
        EXIT.FAILED,
        `Port ${port} is in use. Choose another with --port, or 0 for any free one.`,
      );
    case 'EACCES':
      return new CommandError(EXIT.USAGE, `This account may not listen on port ${port}. Choose one from 1024 on.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new CommandError(EXIT.USAGE, `${host} is no address of this machine. Choose another with --host.`);
    default:
      return error;
  }
}
