import { setImmediate as nextTurn } from 'node:timers/promises';
import { analyze, type Token } from './analyze.ts';

/** What the index keeps of a part of a content: which terms stand where. */
export interface IndexChunk {
  /** PostgreSQL's spelling of a `tsvector`. */
  readonly terms: string;
  /** Words. */
  readonly length: number;
}

/** What the index keeps of what an entity is called. */
export interface IndexHeading {
  readonly terms: string;
  readonly length: number;
  /** Words of the title alone. */
  readonly titleLength: number;
}

/**
 * Words of a chunk. So its lexemes stay within a page of the database, where they are read without being unpacked; a
 * tsvector has no positions beyond 16,383 anyway.
 */
const CHUNK_WORDS = 500;
/**
 * Bytes of a chunk's terms, and of a heading's, after which no further word is added: far above what 500 words take, far
 * below the megabyte that PostgreSQL takes as a tsvector. One word adds at most some kilobytes.
 */
const MAX_TERMS_BYTES = 64 * 1024;
/** Bytes of a term besides its letters, and of each of its places, about as PostgreSQL keeps them. */
const TERM_BYTES = 8;
const PLACE_BYTES = 2;
/** Words of the next chunk that are repeated at the end of one, so that a phrase is found that spans both. */
const OVERLAP = 16;
/** PostgreSQL keeps no more places of one term. */
const MAX_PLACES = 255;
/** Chunks after which other requests have their turn. */
const CHUNKS_A_TURN = 8;
/** Between title, tags and path, so that no phrase spans two of them. */
const GAP = 100;

/** A tsvector in the making. */
class Terms {
  readonly #places = new Map<string, string[]>();
  #bytes = 0;

  get full(): boolean {
    return this.#bytes >= MAX_TERMS_BYTES;
  }

  add(token: Token, place: number, weight = ''): void {
    this.#put(token.term, place, weight);
    for (const term of token.more) this.#put(term, place, weight);
  }

  #put(term: string, place: number, weight: string): void {
    const places = this.#places.get(term);
    if (places && places.length >= MAX_PLACES) return;
    if (places) places.push(`${place}${weight}`);
    else this.#places.set(term, [`${place}${weight}`]);
    this.#bytes += PLACE_BYTES + (places ? 0 : Buffer.byteLength(term) + TERM_BYTES);
  }

  toString(): string {
    let text = '';
    for (const [term, places] of this.#places) text += `'${term}':${places.join(',')} `;
    return text;
  }
}

/** What an entity without words in its content has: one chunk, which carries the heading. */
const NO_WORDS: IndexChunk = { terms: '', length: 0 };

/**
 * The index rows of a content. Takes about 0.1 ms a kilobyte, and lets others have their turn in between.
 * @param text null for what is no text
 */
export async function indexChunks(text: string | null): Promise<IndexChunk[]> {
  const chunks: IndexChunk[] = [];
  let terms = new Terms();
  let length = 0;
  let overlap: Token[] = [];
  for (const token of analyze(text ?? '')) {
    if (length === CHUNK_WORDS || terms.full) {
      overlap.push(token);
      if (overlap.length < OVERLAP) continue;
      overlap = close(overlap);
      if (chunks.length % CHUNKS_A_TURN === 0) await nextTurn();
      continue;
    }
    terms.add(token, ++length);
  }
  while (length > 0) overlap = close(overlap);
  return chunks.length > 0 ? chunks : [NO_WORDS];

  /** Ends a chunk with what it shares with the next, and begins that with the same. */
  function close(shared: readonly Token[]): Token[] {
    shared.forEach((token, index) => terms.add(token, length + index + 1));
    chunks.push({ terms: terms.toString(), length });
    terms = new Terms();
    length = 0;
    for (const token of shared) terms.add(token, ++length);
    return [];
  }
}

/** What an entity is found by besides its content. */
export function indexHeading(named: {
  readonly title: string | null;
  readonly tags: readonly string[];
  readonly path: string | null;
}): IndexHeading {
  const terms = new Terms();
  const seen = new Set<string>();
  let place = 0;
  let length = 0;
  const add = (text: string, weight: string): void => {
    for (const token of analyze(text)) {
      // The name of a file mostly says the title again; that makes neither of them more important.
      if (weight !== 'A' && seen.has(token.term)) continue;
      if (terms.full) return;
      seen.add(token.term);
      terms.add(token, ++place, weight);
      length++;
    }
    place += GAP;
  };
  add(named.title ?? '', 'A');
  const titleLength = length;
  for (const tag of named.tags) add(tag, 'B');
  if (named.path !== null) add(named.path.replace(/\.[^./]{1,8}$/, ''), 'C');
  return { terms: terms.toString(), length, titleLength };
}
