import { createHash } from 'node:crypto';
import { z } from 'zod';
import { authorization } from '../client/http.ts';
import { type Target, unauthenticated, unreachable } from '../client/target.ts';
import { Busy } from './persist.ts';
import type { SourceFile } from './source.ts';

const answer = z.object({
  action: z.enum(['unchanged', 'create', 'update', 'moved', 'conflict']),
  entityId: z.string(),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  code: z.string().optional(),
  message: z.string().optional(),
});
export type Imported = z.infer<typeof answer>;

const failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** The server does not take this file, in its own words; others it may take. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}

/** Answers that are about this one file. */
const ABOUT_THE_FILE: ReadonlySet<number> = new Set([400, 409, 410, 413]);

/**
 * Sends one file as it is now, which need not be as it was listed.
 * @param from the path that it had, if it was moved
 * @throws {Refusal} if the server refuses it; {Busy}; {CommandError} if the server is not reachable or knows no such key
 */
export async function putFile(target: Target, source: string, file: SourceFile, from?: string): Promise<Imported> {
  const bytes = await contentOf(file);
  const query = new URLSearchParams({
    source,
    path: file.path,
    modifiedAt: file.modifiedAt,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...(from !== undefined && { from }),
  });
  const response = await send(target, `/api/v1/import/file?${query.toString()}`, bytes);
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer.parse(body);
  if (response.status === 401) throw unauthenticated(target);
  if (response.status === 503 || response.status === 429) throw new Busy();
  const said = failure.safeParse(body).data?.error;
  if (said && ABOUT_THE_FILE.has(response.status)) throw new Refusal(said.code, said.message);
  throw new Error(said?.message ?? `The server answered ${response.status}, and not as Synap does.`);
}

async function send(target: Target, path: string, body: Uint8Array): Promise<Response> {
  try {
    const headers = { ...authorization(target), 'content-type': 'application/octet-stream' };
    return await fetch(target.url + path, { method: 'PUT', headers, body: Buffer.from(body) });
  } catch (error) {
    throw unreachable(target.url, error);
  }
}

/** @throws {Refusal} if it cannot be read */
async function contentOf(file: SourceFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of await file.open()) chunks.push(chunk as Buffer);
  } catch (error) {
    throw unreadable(error);
  }
  return Buffer.concat(chunks);
}

/** SHA-256 in hex, in memory that does not grow with the file. @throws {Refusal} if it cannot be read */
export async function hashOf(file: SourceFile): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of await file.open()) hash.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(error);
  }
  return hash.digest('hex');
}

function unreadable(error: unknown): Refusal {
  const reason = error instanceof Error ? error.message : String(error);
  return new Refusal('UNREADABLE', `It cannot be read: ${reason}`);
}
