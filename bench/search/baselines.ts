import { indexChunks, parseQuery } from '@initiativ/core';
import type { Document } from './collection.ts';

/** Ranks all documents for a query, best first. */
export type Ranker = (query: string) => string[];

function ranked(scores: ReadonlyMap<string, number>): string[] {
  return [...scores]
    .filter(([, score]) => score > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([id]) => id);
}

/** What somebody does with `grep -ow`: how often any word of the query stands in a document. */
export function grep(documents: readonly Document[]): Ranker {
  const texts = documents.map(({ id, text }) => [id, wordsOf(text)] as const);
  return (query) => {
    const words = new Set(wordsOf(query));
    return ranked(new Map(texts.map(([id, text]) => [id, text.filter((word) => words.has(word)).length] as const)));
  };
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

const K1 = 1.2;
const B = 0.75;

/** BM25 in memory, over the very lexemes that the index has, of the content alone. */
export async function bm25(documents: readonly Document[]): Promise<Ranker> {
  const postings = new Map<string, { id: string; count: number; length: number }[]>();
  let words = 0;
  for (const { id, text } of documents) {
    const chunks = await indexChunks(text);
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    words += length;
    for (const [, term = '', places = ''] of (chunks[0]?.terms ?? '').matchAll(/'([^']+)':(\S+)/g)) {
      postings.set(term, [...(postings.get(term) ?? []), { id, count: places.split(',').length, length }]);
    }
  }
  const mean = words / documents.length;
  return (query) => {
    const scores = new Map<string, number>();
    for (const { forms } of parseQuery(query).terms) {
      const list = postings.get(forms[0]?.term ?? '') ?? [];
      const idf = Math.log(1 + (documents.length - list.length + 0.5) / (list.length + 0.5));
      for (const { id, count, length } of list) {
        const part = (idf * (K1 + 1) * count) / (count + K1 * (1 - B + (B * length) / mean));
        scores.set(id, (scores.get(id) ?? 0) + part);
      }
    }
    return ranked(scores);
  };
}
