import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Bytes up to which a content is held in memory. */
const IN_MEMORY = 1024 * 1024;

export interface Spooled {
  /** The content, from its beginning. */
  open(): Readable;
  /** Frees what it takes. Harmless a second time. */
  remove(): Promise<void>;
}

/**
 * Takes in a content to its end, so that what is made of it cannot break off in the middle: in memory, or if it is large,
 * in a file beside `location`.
 * @throws what `content` does, or writing the file; then nothing is left of it
 */
export async function spool(content: Readable, location: string): Promise<Spooled> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const rest = content[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    chunks.push(next.value);
    size += next.value.length;
    if (size > IN_MEMORY) return inFile(all(chunks, rest), `${location}.${randomBytes(8).toString('hex')}.part`);
  }
  return { open: () => Readable.from(chunks, { objectMode: false }), remove: async () => undefined };
}

async function inFile(content: AsyncGenerator<Uint8Array>, path: string): Promise<Spooled> {
  const remove = () => rm(path, { force: true });
  try {
    await pipeline(content, createWriteStream(path, { flags: 'wx' }));
  } catch (error) {
    await remove();
    throw error;
  }
  return { open: () => createReadStream(path), remove };
}

async function* all(first: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
