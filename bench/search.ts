import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseQuery } from '@initiativ/core';
import { searchEntities } from '@synap/database';
import { percentile, type Row, report } from './report.ts';
import { bm25, grep, type Ranker } from './search/baselines.ts';
import { type Collection, ndcg10, readCranfield } from './search/collection.ts';
import { BenchLibrary, type Note } from './search/library.ts';
import { randomOf, Vocabulary } from './search/synthetic.ts';

export interface SearchOptions {
  /** The folder of the Cranfield collection. */
  readonly cranfield?: string | undefined;
  /** A folder of Markdown files. */
  readonly vault?: string | undefined;
  /** How many notes to measure with. */
  readonly sizes: readonly number[];
  /** PostgreSQL instead of the embedded database. */
  readonly databaseUrl?: string | undefined;
}

/** BM25 over the same lexemes gives this much on Cranfield. */
const NDCG_FLOOR = 0.357;
/** Of the titles of a vault, so many have to be found among the first three. */
const TITLES_FLOOR = 0.98;
const QUERIES = 300;
const SEED = 20_251_125;

/**
 * How good and how quick the search is: nDCG@10 on Cranfield beside grep and beside BM25 in memory; the titles of a vault
 * as queries; and the latency beside that of the SQL statement alone. Fails if it is not as good as it has to be.
 */
export async function benchSearch(options: SearchOptions): Promise<void> {
  const rows: Row[] = [];
  const figures: Record<string, number> = {};
  if (options.cranfield !== undefined) {
    const collection = await readCranfield(options.cranfield);
    rows.push(await withLibrary(options, (library) => cranfield(library, collection, figures)));
    if ((figures['Cranfield nDCG@10'] ?? 0) < NDCG_FLOOR) process.exitCode = 1;
  }
  const vault = options.vault === undefined ? [] : await readVault(options.vault);
  if (vault.length > 0) {
    rows.push(await withLibrary(options, (library) => titles(library, vault, figures)));
    if ((figures['titles found among the first 3'] ?? 0) < TITLES_FLOOR) process.exitCode = 1;
  }
  for (const size of options.sizes) {
    const texts = vault.length > 0 ? vault.map((note) => note.content) : [SOME_TEXT];
    rows.push(
      ...(await withLibrary(options, (library) => latency(library, new Vocabulary(texts, randomOf(SEED)), size))),
    );
  }
  const where = options.databaseUrl === undefined ? 'embedded' : 'PostgreSQL';
  await report(
    options.databaseUrl === undefined ? 'search' : 'search-postgres',
    `Search, ${where}, one query at a time, without HTTP. The floor is the SQL statement alone, without entities and ` +
      'snippets; each synthetic note has 20 to 300 words, drawn as often as they stand in the vault.',
    rows,
    figures,
  );
}

/** For a run without a vault. */
const SOME_TEXT = 'every word of this short text is as frequent as any other one so each query meets very many notes';

async function withLibrary<Result>(options: SearchOptions, work: (library: BenchLibrary) => Promise<Result>) {
  const library = await BenchLibrary.open(options.databaseUrl);
  try {
    return await work(library);
  } finally {
    await library.close();
  }
}

async function cranfield(library: BenchLibrary, collection: Collection, figures: Record<string, number>): Promise<Row> {
  const { documents, queries, relevant } = collection;
  const ids = await library.add(documents.map(({ title, text }) => ({ title, content: text })));
  const documentOf = new Map(ids.map((id, index) => [id, documents[index]?.id ?? '']));
  const rankings = new Map<string, string[]>();
  const row = await timed(
    'Cranfield, 225 questions of 17 words',
    library,
    queries.map((query) => query.text),
    10,
    (text, found) =>
      rankings.set(
        text,
        found.map((id) => documentOf.get(id) ?? ''),
      ),
  );
  const mean = (rank: Ranker) =>
    queries.reduce((sum, { id, text }) => sum + ndcg10(rank(text), relevant.get(id) ?? new Map()), 0) / queries.length;
  figures['Cranfield nDCG@10'] = round(mean((text) => rankings.get(text) ?? []));
  figures['Cranfield nDCG@10, BM25 in memory over the same lexemes'] = round(mean(await bm25(documents)));
  figures['Cranfield nDCG@10, grep'] = round(mean(grep(documents)));
  return row;
}

async function titles(library: BenchLibrary, notes: readonly Note[], figures: Record<string, number>): Promise<Row> {
  const ids = await library.add(notes);
  const titleOf = new Map(ids.map((id, index) => [id, notes[index]?.title]));
  let first = 0;
  let amongThree = 0;
  const row = await timed(
    `${notes.length} titles of the vault`,
    library,
    notes.map((note) => note.title),
    3,
    (title, found) => {
      const place = found.findIndex((id) => titleOf.get(id) === title);
      if (place === 0) first++;
      if (place >= 0) amongThree++;
    },
  );
  figures['titles found among the first 3'] = round(amongThree / notes.length);
  figures['titles found first'] = round(first / notes.length);
  return row;
}

async function latency(library: BenchLibrary, vocabulary: Vocabulary, size: number): Promise<Row[]> {
  for (let left = size; left > 0; left -= 5_000) {
    await library.add(Array.from({ length: Math.min(left, 5_000) }, () => vocabulary.note()));
  }
  await library.vacuum();
  const queries = Array.from({ length: QUERIES }, (_, index) => vocabulary.draw(1 + (index % 3)));
  const one = queries.filter((query) => !query.includes(' '));
  return [
    await timed(`${size} notes, 1 to 3 words`, library, queries, 10),
    await timed(
      `${size} notes, 1 word, still typed`,
      library,
      one.map((word) => word.slice(0, 4)),
      10,
      undefined,
      true,
    ),
  ];
}

/** Runs every query, and beside each the statement alone. */
async function timed(
  name: string,
  library: BenchLibrary,
  queries: readonly string[],
  limit: number,
  see?: (query: string, found: string[]) => void,
  prefix = false,
): Promise<Row> {
  const whole: number[] = [];
  const statement: number[] = [];
  for (const [index, query] of queries.entries()) {
    const run = {
      whole: async () => {
        const { items } = await library.search.search(library.userId, { query, limit, prefix });
        see?.(
          query,
          items.map(({ entity }) => entity.id),
        );
      },
      statement: async () => {
        await searchEntities(library.database, library.userId, { query: parseQuery(query, { prefix }), limit });
      },
    };
    // Whoever comes second finds everything in memory.
    for (const what of index % 2 ? (['whole', 'statement'] as const) : (['statement', 'whole'] as const)) {
      const start = performance.now();
      await run[what]();
      (what === 'whole' ? whole : statement).push(performance.now() - start);
    }
  }
  const sum = (times: readonly number[]) => times.reduce((total, time) => total + time, 0);
  const sorted = whole.toSorted((a, b) => a - b);
  return {
    case: name,
    rate: (1_000 * whole.length) / sum(whole),
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    floor: (1_000 * statement.length) / sum(statement),
  };
}

async function readVault(folder: string): Promise<Note[]> {
  const notes: Note[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.toLowerCase().endsWith('.md')) continue;
    const content = (await readFile(join(entry.parentPath, entry.name))).toString();
    notes.push({ title: basename(entry.name).replace(/\.md$/i, '').trim(), content });
  }
  return notes;
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
