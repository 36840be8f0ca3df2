import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { SynapError } from '@synap/types';
import { CommandError, EXIT } from './exit.ts';

/** Milliseconds, and bytes for the headers. Headers never take long; for bodies see `cutStalledBody`. */
const LIMITS = {
  headersTimeout: 20_000,
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
} as const;

/** A body must bring so many bytes in each of these spans of milliseconds; a file of gigabytes may take its time. */
const BODY_SPAN_MS = 60_000;
const BODY_SPAN_BYTES = 16 * 1024;

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
 * @param bodySpanMs in which a body must bring 16 KiB; a minute if absent
 * @throws {CommandError} if the port is taken or the address is not this machine's
 */
export async function listen(
  listener: Listener,
  host: string,
  port: number,
  bodySpanMs = BODY_SPAN_MS,
): Promise<Listening> {
  let inFlight = 0;
  const server = createAdaptorServer({
    fetch: (request, env) => listener.fetch(request, env),
    createServer,
    serverOptions: LIMITS,
  }) as Server;
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    inFlight++;
    cutStalledBody(request, response, bodySpanMs);
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

/** Ends a request whose body hardly moves, which costs its sender nothing and us a connection. */
function cutStalledBody(request: IncomingMessage, response: ServerResponse, spanMs: number): void {
  if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) return;
  let before = request.socket.bytesRead;
  const timer = setInterval(() => {
    const { bytesRead } = request.socket;
    if (request.complete) clearInterval(timer);
    else if (bytesRead - before < BODY_SPAN_BYTES) request.destroy();
    before = bytesRead;
  }, spanMs);
  response.once('close', () => clearInterval(timer));
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
