import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Document {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

export interface Collection {
  readonly documents: readonly Document[];
  readonly queries: readonly { readonly id: string; readonly text: string }[];
  /** For each query the documents that answer it, with how well (1 and more). */
  readonly relevant: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/**
 * The Cranfield collection as `cran.all.1400.xml`, `cran.qry.xml` and `cranqrel.trec.txt`. The judgements number the
 * queries 1 to 225 in their order, and not as the file of the queries does.
 */
export async function readCranfield(folder: string): Promise<Collection> {
  const [all, questions, judgements] = await Promise.all(
    ['cran.all.1400.xml', 'cran.qry.xml', 'cranqrel.trec.txt'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  const documents = elements(all ?? '', 'doc').map((doc) => ({
    id: element(doc, 'docno'),
    title: element(doc, 'title').replace(/\s+/g, ' '),
    text: element(doc, 'text'),
  }));
  const queries = elements(questions ?? '', 'top').map((top, index) => ({
    id: String(index + 1),
    text: element(top, 'title').replace(/\s+/g, ' '),
  }));
  const relevant = new Map<string, Map<string, number>>();
  for (const line of (judgements ?? '').split('\n')) {
    const [query, , document, grade] = line.trim().split(/\s+/);
    if (query === undefined || document === undefined || !(Number(grade) > 0)) continue;
    relevant.set(query, (relevant.get(query) ?? new Map<string, number>()).set(document, Number(grade)));
  }
  return { documents, queries, relevant };
}

function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, inner = '']) => inner);
}

function element(xml: string, name: string): string {
  const text = elements(xml, name)[0] ?? '';
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&').trim();
}

/** Normalised discounted cumulative gain of the first ten (Järvelin and Kekäläinen 2002, as trec_eval computes it). */
export function ndcg10(ranking: readonly string[], relevant: ReadonlyMap<string, number>): number {
  const gain = (grades: readonly number[]) =>
    grades.slice(0, 10).reduce((sum, grade, index) => sum + grade / Math.log2(index + 2), 0);
  const ideal = gain([...relevant.values()].toSorted((a, b) => b - a));
  return ideal === 0 ? 0 : gain(ranking.map((id) => relevant.get(id) ?? 0)) / ideal;
}
