/**
 * Whether the server answers. Every request tells it; while it does not answer, it is asked again from time to time.
 */

type Listener = () => void;

export interface Connection {
  /** The answer to a request, also an error, says that the server is there. */
  report(answered: boolean): void;
  /** False since a request got no answer, until one does. */
  readonly online: boolean;
  readonly subscribe: (listener: Listener) => () => void;
}

const FIRST_TRY_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

export interface ConnectionOptions {
  /** Resolves to true if the server answers. */
  readonly probe: () => Promise<boolean>;
  readonly wait?: (milliseconds: number, then: () => void) => void;
}

export function createConnection({
  probe,
  wait = (ms, then) => void setTimeout(then, ms),
}: ConnectionOptions): Connection {
  const listeners = new Set<Listener>();
  let online = true;
  let probing = false;

  const set = (next: boolean) => {
    if (next === online) return;
    online = next;
    for (const listener of listeners) listener();
  };

  const tryAgain = (delay: number) => {
    wait(delay, () => {
      const again = () => tryAgain(Math.min(delay * 2, LONGEST_WAIT_MS));
      probe().then((answered) => {
        if (!answered && !online) return again();
        probing = false;
        set(true);
      }, again);
    });
  };

  return {
    report(answered) {
      set(answered);
      if (answered || probing) return;
      probing = true;
      tryAgain(FIRST_TRY_MS);
    },
    get online() {
      return online;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const connection = createConnection({
  probe: () => fetch('/health', { cache: 'no-store' }).then(({ ok }) => ok),
});

/** `fetch` that tells the connection how it went. What was aborted tells nothing. */
export async function watchedFetch(input: string | URL | Request, init: FetchInit = {}): Promise<Response> {
  try {
    const response = await fetch(input, init as RequestInit);
    connection.report(!isProxyError(response));
    return response;
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) connection.report(false);
    throw error;
  }
}

/** What `fetch` takes, said so that those who fill it with `undefined` may. */
type FetchInit = { [Field in keyof RequestInit]?: RequestInit[Field] | undefined };

/** What a proxy says in place of a server that is not there. Our own 503 is an answer. */
function isProxyError({ status }: Response): boolean {
  return status === 502 || status === 504;
}
