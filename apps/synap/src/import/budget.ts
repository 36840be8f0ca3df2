/** Lets work begin while all that is under way stays below a limit together; what is larger than that goes alone. */
export class Budget {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async with<Result>(amount: number, work: () => Promise<Result>): Promise<Result> {
    while (this.#used > 0 && this.#used + amount > this.#limit) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#used += amount;
    try {
      return await work();
    } finally {
      this.#used -= amount;
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }
}
