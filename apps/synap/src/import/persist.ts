import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, EXIT } from '../exit.ts';

/** Milliseconds before each new try, about a minute together: a server that was killed is back by then. */
const DELAYS = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];

/**
 * Repeats what may be repeated while there is no answer, or the answer is that the server is too busy.
 * @throws what the work threw last; at once if it was another error, or `signal` is aborted
 */
export async function persist<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (const delay of DELAYS) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      // Not all at the same moment.
      const pause = delay * (0.75 + Math.random() / 2);
      // An abort ends the wait with an exception; the error that was waited for says more.
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw error;
    }
  }
  return work();
}

function isPassing(error: unknown): boolean {
  return error instanceof CommandError && error.exitCode === EXIT.UNREACHABLE;
}
