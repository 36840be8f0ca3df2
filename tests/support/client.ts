import { OWNER_KEY } from './server.ts';

/** What the API answered, if that was an error. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string | undefined;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    super(`HTTP ${status}: ${JSON.stringify(body).slice(0, 500)}`);
    this.status = status;
    this.body = body;
    this.reason = (body as { error?: { data?: { reason?: string } } }).error?.data?.reason;
  }
}

/** The API as any program would call it, without Synap's own client. */
export class Client {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key = OWNER_KEY) {
    this.#url = url;
    this.#key = key;
  }

  async mutate<Result>(procedure: string, input: unknown): Promise<Result> {
    return this.#json(`/trpc/${procedure}`, { method: 'POST', body: JSON.stringify(input) });
  }

  async query<Result>(procedure: string, input: unknown): Promise<Result> {
    return this.#json(`/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`, {});
  }

  /** The exact bytes of an entity's content. */
  async content(id: string, query = ''): Promise<Buffer> {
    const response = await fetch(`${this.#url}/api/v1/entities/${id}/content${query}`, { headers: this.#headers() });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new ApiError(response.status, bytes.toString());
    return bytes;
  }

  async #json<Result>(path: string, init: RequestInit): Promise<Result> {
    const response = await fetch(this.#url + path, { ...init, headers: this.#headers() });
    const body = (await response.json()) as { result?: { data: Result } };
    if (!response.ok) throw new ApiError(response.status, body);
    return (body.result as { data: Result }).data;
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' };
  }
}

export interface CreatedNote {
  readonly entityId: string;
  readonly version: number;
}

/** Runs `task` for every item, `width` at a time. */
export async function inParallel<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  width: number,
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) await task(next.value);
    }),
  );
}
