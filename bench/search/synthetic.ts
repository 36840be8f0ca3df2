import type { Note } from './library.ts';

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws words as often as they stand in some texts, which is Zipf's law as people write it. */
export class Vocabulary {
  readonly #words: string[] = [];
  readonly #random: () => number;

  constructor(texts: Iterable<string>, random: () => number) {
    for (const text of texts) this.#words.push(...(text.match(/[\p{L}\p{N}]{2,30}/gu) ?? []));
    this.#random = random;
  }

  draw(count: number): string {
    const word = () => this.#words[Math.floor(this.#random() * this.#words.length)] ?? '';
    return Array.from({ length: count }, word).join(' ');
  }

  /** A note of 20 to 300 words. */
  note(): Note {
    const words = 20 + Math.floor(this.#random() ** 2 * 280);
    return { title: this.draw(1 + Math.floor(this.#random() * 5)), content: this.draw(words) };
  }
}
