import { hash } from 'node:crypto';
import type { AuthContext } from '../context.ts';

export interface AuthenticatorOptions {
  /** Milliseconds for which a good key is remembered: how long one revoked by another process may live on. */
  readonly rememberMs?: number;
  /** Keys that are remembered at once. */
  readonly maxKeys?: number;
}

interface Remembered {
  readonly until: number;
  readonly answer: Promise<AuthContext | null>;
}

/**
 * Asks whose key it is, and remembers the answer for a moment: not under the key itself, and only a good one, so that a
 * key works as soon as it is made and guesses leave nothing behind.
 */
export class Authenticator {
  readonly #ask: (key: string) => Promise<AuthContext | null>;
  readonly #rememberMs: number;
  readonly #maxKeys: number;
  readonly #known = new Map<string, Remembered>();

  constructor(ask: (key: string) => Promise<AuthContext | null>, options: AuthenticatorOptions = {}) {
    this.#ask = ask;
    this.#rememberMs = options.rememberMs ?? 10_000;
    this.#maxKeys = options.maxKeys ?? 1_000;
  }

  /** Who sent this, by the `Authorization` header; null for nobody we know. Throws what the question threw. */
  async identify(header: string | null | undefined): Promise<AuthContext | null> {
    const key = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(header ?? '')?.[1];
    return key === undefined ? null : this.find(key);
  }

  /** Whose key this is. */
  async find(key: string): Promise<AuthContext | null> {
    const auth = await this.#lookUp(key);
    const expires = auth?.expiresAt;
    return auth && expires && Date.parse(expires) <= Date.now() ? null : auth;
  }

  /** What is remembered of this one is not used any more. */
  forget(key: string): void {
    this.#known.delete(nameOf(key));
  }

  /** Nothing remembered is used any more. */
  clear(): void {
    this.#known.clear();
  }

  #lookUp(key: string): Promise<AuthContext | null> {
    const name = nameOf(key);
    const known = this.#known.get(name);
    if (known && known.until > performance.now()) return known.answer;
    const entry = { until: performance.now() + this.#rememberMs, answer: this.#ask(key) };
    this.#known.delete(name);
    this.#known.set(name, entry);
    this.#trim();
    const forget = () => {
      if (this.#known.get(name) === entry) this.#known.delete(name);
    };
    // Who asked gets the error as well; here it only means that there is nothing to remember.
    entry.answer.then((auth) => auth ?? forget(), forget);
    return entry.answer;
  }

  /** The oldest go first: a map keeps the order of insertion. */
  #trim(): void {
    for (const name of this.#known.keys()) {
      if (this.#known.size <= this.#maxKeys) return;
      this.#known.delete(name);
    }
  }
}

const nameOf = (key: string): string => hash('sha256', key, 'base64');
