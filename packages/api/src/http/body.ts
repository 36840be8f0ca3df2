import { isUtf8 } from 'node:buffer';
import { LIMITS, SynapError } from '@synap/types';

/** Bytes of bodies that all requests together may hold in memory before more are put off. */
const TOGETHER_BYTES = 8 * LIMITS.bodyBytes;

/** Reads bodies, each up to a limit and all together up to another; never more than that is in memory. */
export class BodyReader {
  readonly #limit: number;
  readonly #together: number;
  #held = 0;

  constructor(limit: number = LIMITS.bodyBytes, together: number = TOGETHER_BYTES) {
    this.#limit = limit;
    this.#together = together;
  }

  /**
   * Hands the body of a request to `use`, as JSON can be read from it: valid UTF-8.
   * @throws {SynapError} `INVALID_UTF8`, and what `withBytes` throws
   */
  with<Result>(request: Request, use: (body: Buffer) => Promise<Result>): Promise<Result> {
    return this.withBytes(request, async (body) => {
      if (!isUtf8(body)) throw new SynapError('INVALID_UTF8', 'The body is not valid UTF-8.');
      return use(body);
    });
  }

  /**
   * The same for any bytes.
   * @throws {SynapError} `BODY_TOO_LARGE`, `OVERLOADED`, `VALIDATION_FAILED` if it ends too early
   */
  async withBytes<Result>(request: Request, use: (body: Buffer) => Promise<Result>): Promise<Result> {
    // What the length says is believed only where it saves the reading.
    if (Number(request.headers.get('content-length') ?? 0) > this.#limit) throw this.#tooLarge();
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of piecesOf(request)) {
        size += chunk.length;
        this.#held += chunk.length;
        if (size > this.#limit) throw this.#tooLarge();
        if (this.#held > this.#together) throw new SynapError('OVERLOADED', 'Too much at once. Try again in a moment.');
        chunks.push(chunk);
      }
      const body = Buffer.concat(chunks, size);
      chunks.length = 0;
      return await use(body);
    } finally {
      this.#held -= size;
    }
  }

  #tooLarge(): SynapError {
    return new SynapError('BODY_TOO_LARGE', `A request body has at most ${this.#limit} bytes.`, {
      details: { limit: this.#limit },
    });
  }
}

/** @throws {SynapError} `VALIDATION_FAILED` if the body ends too early */
export async function* piecesOf(request: Request): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await read(reader);
      if (done) return;
      yield value;
    }
  } finally {
    // If we stop early, nothing more of it is taken in. That the sender is gone already is no matter.
    await reader.cancel().catch(() => undefined);
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (cause) {
    throw new SynapError('VALIDATION_FAILED', 'The request ended before its body did.', { cause });
  }
}
