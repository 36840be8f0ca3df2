import { SynapError } from '@synap/types';

export interface AttemptsOptions {
  /** Failures of one caller within a window. Default 20. */
  readonly limit?: number;
  /** Milliseconds. Default one minute. */
  readonly windowMs?: number;
  /** Callers that are counted at once; the longest known are forgotten. Default 10,000. */
  readonly maxCallers?: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Counts failures for each caller, in this process. What it saves is work. */
export class Attempts {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #maxCallers: number;
  readonly #now: () => number;
  readonly #callers = new Map<string, { count: number; readonly until: number }>();

  constructor({ limit = 20, windowMs = 60_000, maxCallers = 10_000, now }: AttemptsOptions = {}) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#maxCallers = maxCallers;
    this.#now = now ?? (() => performance.now());
  }

  /**
   * Runs an attempt.
   * @param failed whether an error of `work` was the caller's failure, and none of ours
   * @throws {SynapError} `TOO_MANY_ATTEMPTS`, and what `work` throws
   */
  async attempt<Result>(
    caller: string,
    work: () => Promise<Result>,
    failed: (error: unknown) => boolean,
  ): Promise<Result> {
    const window = this.#windowOf(caller);
    if (window.count >= this.#limit) {
      const retryAfter = Math.ceil((window.until - this.#now()) / 1000);
      throw new SynapError('TOO_MANY_ATTEMPTS', 'Too many failed attempts. Try again in a minute.', {
        details: { retryAfter },
      });
    }
    // Before the work: attempts at the same time are counted as well.
    window.count++;
    try {
      const result = await work();
      window.count--;
      return result;
    } catch (error) {
      if (!failed(error)) window.count--;
      throw error;
    }
  }

  #windowOf(caller: string): { count: number; readonly until: number } {
    const known = this.#callers.get(caller);
    if (known && known.until > this.#now()) return known;
    const window = { count: 0, until: this.#now() + this.#windowMs };
    this.#callers.delete(caller);
    this.#callers.set(caller, window);
    for (const oldest of this.#callers.keys()) {
      if (this.#callers.size <= this.#maxCallers) break;
      this.#callers.delete(oldest);
    }
    return window;
  }
}
