import { createHash } from 'node:crypto';
import { z } from 'zod';
import { authorization, exitCodeFor, failureOf, SENT_ONCE } from '../client/http.ts';
import { type Target, unauthenticated, unreachable } from '../client/target.ts';
import { CommandError, EXIT } from '../exit.ts';
import type { SourceFile } from './source.ts';

const answer = z.object({
  action: z.enum(['unchanged', 'create', 'update', 'moved', 'conflict']),
  entityId: z.string(),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  code: z.string().optional(),
  message: z.string().optional(),
});
export type Imported = z.infer<typeof answer>;

/** The server does not take this file, in its own words; others it may take. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}

/** A file on its way to the server. */
export interface Outgoing {
  readonly file: SourceFile;
  /** As it was when it was listed, in hex. */
  readonly sha256: string;
  /** The path that it had, if it was moved. */
  readonly from?: string | undefined;
}

/** Bytes up to which a file is read as a whole; a larger one is sent as it is read. */
const WHOLE = 1024 * 1024;
/** What a file that is sent as it is read may take of memory. */
const BUFFERS = 256 * 1024;

export function bytesInMemory({ size }: SourceFile): number {
  return size <= WHOLE ? size : BUFFERS;
}

/**
 * Sends one file. A small one goes as it is now, which need not be as it was listed; a large one has to be as it was.
 * @throws {Refusal} if the server refuses it; {CommandError} if the server is not reachable, too busy, or knows no such key
 */
export async function putFile(target: Target, source: string, { file, sha256, from }: Outgoing): Promise<Imported> {
  const whole = file.size <= WHOLE ? await contentOf(file) : undefined;
  const query = new URLSearchParams({
    source,
    path: file.path,
    modifiedAt: file.modifiedAt,
    sha256: whole ? createHash('sha256').update(whole).digest('hex') : sha256,
    size: String(whole?.length ?? file.size),
    ...(from !== undefined && { from }),
  });
  const body = whole ?? ReadableStream.from<Uint8Array>(await opened(file));
  const response = await send(target, `/api/v1/import/file?${query.toString()}`, body);
  if (response.ok) return answer.parse(await response.json());
  if (response.status === 401) throw unauthenticated(target);
  const { code, message } = await failureOf(response);
  const exitCode = exitCodeFor(response.status, code);
  // Whatever else Synap has against a file, a lost object of its own for one, is no reason to leave out the others.
  const isOfThisFile = code !== undefined && code !== 'STORAGE_FULL' && response.status !== 403;
  throw isOfThisFile && exitCode !== EXIT.UNREACHABLE
    ? new Refusal(code, message)
    : new CommandError(exitCode, message);
}

async function send(target: Target, path: string, body: Buffer<ArrayBuffer> | ReadableStream): Promise<Response> {
  try {
    const headers = { ...authorization(target), 'content-type': 'application/octet-stream' };
    return await fetch(target.url + path, { method: 'PUT', headers, body, duplex: 'half', ...SENT_ONCE });
  } catch (error) {
    // What went wrong with the file itself comes as the reason why it was not sent.
    const cause = error instanceof Error ? error.cause : undefined;
    if (error instanceof Refusal) throw error;
    if (cause instanceof Refusal) throw cause;
    throw unreachable(target.url, error);
  }
}

/** @throws {Refusal} at the call or while it is read, if it cannot be read */
async function opened(file: SourceFile): Promise<AsyncGenerator<Buffer>> {
  const stream = await file.open().catch((error: unknown) => {
    throw unreadable(error);
  });
  return (async function* read() {
    try {
      for await (const chunk of stream) yield chunk as Buffer;
    } catch (error) {
      throw unreadable(error);
    }
  })();
}

/** @throws {Refusal} if it cannot be read */
async function contentOf(file: SourceFile): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of await opened(file)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** SHA-256 in hex, in memory that does not grow with the file. @throws {Refusal} if it cannot be read */
export async function hashOf(file: SourceFile): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of await opened(file)) hash.update(chunk);
  return hash.digest('hex');
}

function unreadable(error: unknown): Refusal {
  const reason = error instanceof Error ? error.message : String(error);
  return new Refusal('UNREADABLE', `It cannot be read: ${reason}`);
}
