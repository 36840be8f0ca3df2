import { SynapError } from '@synap/types';
import { parse } from 'range-parser';
import { safeHeaders } from '../files/serving.ts';

/** Wholes up to this are checked before their first byte leaves, so that a damaged one can be answered as an error. */
const CHECKED_FIRST_BYTES = 1024 * 1024;

/** Bytes to be served, wherever they are. */
export interface ServedContent {
  /** Whose extension says what it is. */
  readonly key: string;
  readonly fileName: string;
  readonly size: number;
  /** Names these bytes and no others; null if nothing is known that could. */
  readonly checksum: string | null;
  /** Further headers. */
  readonly headers: Readonly<Record<string, string>>;
  open(range?: { readonly start: number; readonly end: number }): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * Answers GET and HEAD with the content, or with one part of it (RFC 9110, section 14; of several parts the whole is
 * given, as it may be), under headers that let a browser run nothing of it.
 *
 * A whole is checked while it is sent. If it is damaged, the connection is cut before the last piece, so that nobody
 * takes it for complete. A part cannot be checked: who needs to be sure reads the whole.
 * @param onFailure told when sending fails after the headers are out; the client only sees the connection end
 */
export async function serveContent(
  request: Request,
  content: ServedContent,
  onFailure: (error: unknown) => void,
): Promise<Response> {
  const { size, checksum } = content;
  const headers = new Headers({ ...safeHeaders(content.key, content.fileName), ...content.headers });
  headers.set('Accept-Ranges', 'bytes');
  const tag = checksum === null ? undefined : `"${checksum}"`;
  if (tag !== undefined) headers.set('ETag', tag);
  if (tag !== undefined && isKnown(request.headers.get('if-none-match'), tag)) {
    return new Response(null, { status: 304, headers });
  }
  const range = rangeOf(request, size, tag);
  if (range === 'unsatisfiable') {
    headers.set('Content-Range', `bytes */${size}`);
    for (const name of ['Content-Type', 'Content-Disposition', 'ETag']) headers.delete(name);
    return new Response(null, { status: 416, headers });
  }
  const length = range ? range.end - range.start + 1 : size;
  headers.set('Content-Length', String(length));
  if (range) headers.set('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
  const status = range ? 206 : 200;
  if (request.method === 'HEAD' || size === 0) return new Response(null, { status, headers });
  const source = (await content.open(range))[Symbol.asyncIterator]();
  const pieces = exactly(length, { [Symbol.asyncIterator]: () => source });
  if (!range && size <= CHECKED_FIRST_BYTES) return new Response(await gathered(pieces), { status, headers });
  return new Response(streamOf(pieces, source, onFailure), { status, headers });
}

/** `*`, or a list that names these bytes; a weak tag is as good here. */
function isKnown(header: string | null, tag: string): boolean {
  return (header ?? '').split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag);
}

function rangeOf(request: Request, size: number, tag: string | undefined) {
  const header = request.headers.get('range');
  const condition = request.headers.get('if-range');
  // A part of something else than the client has is of no use to it. Dates are no proof.
  if (header === null || (condition !== null && condition.trim() !== tag)) return undefined;
  const { code, type, ranges } = parse(size, header);
  if (type !== 'bytes' || (code & 1) !== 0 || ranges.length > 1) return undefined;
  return ranges[0] ?? 'unsatisfiable';
}

/** The last piece only when it is known to be the last: more or fewer bytes than the headers say are no good answer. */
async function* exactly(length: number, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  let come = 0;
  for await (const piece of pieces) {
    come += piece.length;
    if (come > length) break;
    if (held) yield held;
    held = piece;
  }
  if (come !== length)
    throw new SynapError('CHECKSUM_MISMATCH', 'The stored content is not as long as what was written.');
  if (held) yield held;
}

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const piece of pieces) chunks.push(piece);
  return Buffer.concat(chunks);
}

/**
 * @param source of the pieces. It is let go of when the client leaves, also before the first piece was asked for, and
 * while one is on its way
 */
function streamOf(
  pieces: AsyncGenerator<Uint8Array>,
  source: AsyncIterator<Uint8Array>,
  onFailure: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  let left = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const piece = await pieces.next();
          if (left) return;
          if (piece.done) controller.close();
          else controller.enqueue(piece.value);
        } catch (error) {
          // That nothing more comes from a source which was let go of is no failure.
          if (left) return;
          onFailure(error);
          throw error;
        }
      },
      async cancel() {
        left = true;
        await source.return?.();
        await pieces.return(undefined);
      },
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
}
