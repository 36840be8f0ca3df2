import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { inParallel } from '@initiativ/core';
import type { Entity } from '@synap/types';
import { isReady, request } from '../client/http.ts';
import { type Target, unreachable } from '../client/target.ts';
import { call } from '../client/trpc.ts';
import { CommandError, EXIT } from '../exit.ts';
import { persist } from '../import/persist.ts';
import type { Problem } from '../import/source.ts';
import { fileNameOf, frontMatter, isText } from './born-here.ts';
import { Places, partsOfPath } from './names.ts';
import type { Sink } from './sink.ts';

const IN_FLIGHT = 16;
const PAGE = 100;

export interface ExportOptions {
  readonly target: Target;
  /** The library as of this instant; as it is if absent. */
  readonly at?: string;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

export interface ExportSummary {
  readonly files: number;
  /** How many of them were imported once, and are now what and where they were. */
  readonly imported: number;
  readonly at: string | null;
  /** What could not be exported as it is. */
  readonly problems: readonly Problem[];
  readonly stopped: boolean;
}

/**
 * Writes every entity that is not deleted as a file. What was imported goes first, so that it gets the path that it had,
 * whatever was written here under the same name.
 */
export async function runExport(sink: Sink, options: ExportOptions): Promise<ExportSummary> {
  const { signal, at = null } = options;
  const places = new Places(sink.foldsCase);
  const problems: Problem[] = [];
  const count = { imported: 0, born: 0 };
  for (const kind of ['imported', 'born'] as const) {
    for await (const page of pages(options)) {
      const placed = page
        .filter((entity) => (entity.path === null) === (kind === 'born'))
        .map((entity) => ({ entity, path: placeOf(entity, places, sink) }));
      await inParallel(placed, IN_FLIGHT, async ({ entity, path }) => {
        if (signal.aborted) return;
        try {
          await write(sink, entity, path, options);
          count[kind]++;
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof NotWritten)) throw error;
          problems.push({ path, code: 'NOT_WRITTEN', message: error.message });
        }
        options.onProgress(count.imported + count.born);
      });
      if (signal.aborted) break;
    }
  }
  return { files: count.imported + count.born, imported: count.imported, at, problems, stopped: signal.aborted };
}

async function* pages({ target, at, signal }: ExportOptions): AsyncGenerator<readonly Entity[]> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const input = { limit: PAGE, ...(at !== undefined && { at }), ...(cursor !== undefined && { cursor }) };
    const ask = () => call(target, (client) => client.entities.list.query(input));
    const page = await (cursor === undefined ? ask() : persist(ask, signal));
    yield page.items;
    cursor = page.nextCursor;
  }
}

function placeOf(entity: Entity, places: Places, sink: Sink): string {
  return entity.path === null
    ? places.claim([fileNameOf(entity)], true)
    : places.claim(partsOfPath(entity.path, sink.windows));
}

/** The file's own time while it is the file that was imported, else when it was changed here. */
function modifiedAt({ origin, checksum, updatedAt }: Entity): Date {
  return new Date(origin && origin.checksum === checksum ? origin.modifiedAt : updatedAt);
}

/** One file could not be written; others can. */
class NotWritten extends Error {}

/** The connection was cut while the content came. */
class BrokenOff extends Error {}

async function write(sink: Sink, entity: Entity, path: string, { target, signal }: ExportOptions): Promise<void> {
  let brokenOff = 0;
  await persist(async () => {
    const response = await responseOf(entity, target);
    const content = Readable.from(contentOf(entity, response), { objectMode: false });
    try {
      await sink.write(path, content, modifiedAt(entity));
    } catch (error) {
      if (error instanceof BrokenOff) {
        // A server that goes on and cuts the connection again has found the content damaged after it began to send it.
        if ((await isReady(target)) && ++brokenOff === 2) throw new NotWritten(CUT, { cause: error });
        throw unreachable(target.url, error);
      }
      const { code, message } = error as NodeJS.ErrnoException;
      // Without room nothing more can be written, whatever it is.
      const isOfThisFile = code !== 'ENOSPC' && code !== 'EDQUOT' && !(error instanceof CommandError);
      throw isOfThisFile ? new NotWritten(message, { cause: error }) : error;
    }
  }, signal);
}

const CUT = 'The server breaks off while it sends the content. synap verify --content tells whether it is damaged.';

/** The content of exactly the version that was listed, whatever happened since; undefined for what has none. */
async function responseOf({ id, version, checksum }: Entity, target: Target): Promise<Response | undefined> {
  if (checksum === null) return undefined;
  try {
    return await request(target, `/api/v1/entities/${id}/content?version=${version}`);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== EXIT.FAILED) throw error;
    throw new NotWritten(error.message, { cause: error });
  }
}

async function* contentOf(entity: Entity, response: Response | undefined): AsyncGenerator<Uint8Array> {
  if (entity.path === null && isText(entity)) yield Buffer.from(frontMatter(entity));
  const hash = createHash('sha256');
  for await (const chunk of bodyOf(response)) {
    hash.update(chunk);
    yield chunk;
  }
  if (entity.checksum !== null && `sha256:${hash.digest('base64')}` !== entity.checksum) {
    throw new Error('What the server sent is not what was written.');
  }
}

async function* bodyOf(response: Response | undefined): AsyncGenerator<Uint8Array> {
  try {
    yield* response?.body ?? [];
  } catch (cause) {
    throw new BrokenOff('The connection was cut.', { cause });
  }
}
