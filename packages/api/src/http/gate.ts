import { SynapError } from '@synap/types';

/** Lets requests in as long as there is room and nobody asked us to stop. */
export class Gate {
  readonly #maxInFlight: number;
  #inFlight = 0;
  #draining = false;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on nobody is let in; who is in may finish. */
  drain(): void {
    this.#draining = true;
  }

  /** @throws {SynapError} `SHUTTING_DOWN`, `OVERLOADED` */
  async pass(work: () => Promise<void>): Promise<void> {
    if (this.#draining) throw new SynapError('SHUTTING_DOWN', 'Synap is stopping. Try again in a moment.');
    if (this.#inFlight >= this.#maxInFlight) {
      throw new SynapError('OVERLOADED', 'Too many requests at once. Try again in a moment.');
    }
    this.#inFlight++;
    try {
      await work();
    } finally {
      this.#inFlight--;
    }
  }
}
