import { inParallel, type KnownFile, type ListedFile, type PlannedFile, planImport } from '@initiativ/core';
import type { Target } from '../client/target.ts';
import { call } from '../client/trpc.ts';
import { Budget } from './budget.ts';
import { persist } from './persist.ts';
import { bytesInMemory, hashOf, type Outgoing, putFile, Refusal } from './put-file.ts';
import type { Problem, Source, SourceFile } from './source.ts';

const IN_FLIGHT = 16;
const HASHING = 8;
/** Bytes of files in memory at once. */
const BYTES_IN_FLIGHT = 32 * 1024 * 1024;
/** Items of one question to the server. */
const PAGE = 1_000;
/** Files of one step of the linking, between which progress can be told. */
const LINK_PAGE = 400;

export interface ImportOptions {
  readonly target: Target;
  readonly source: string;
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  /** Aborted: what is under way comes to its end, and nothing more is begun. */
  readonly signal: AbortSignal;
  readonly onProgress: (what: string, done: number, total: number) => void;
}

export interface ImportSummary {
  readonly source: string;
  readonly files: number;
  readonly created: number;
  readonly updated: number;
  readonly moved: number;
  readonly unchanged: number;
  /** Known from an earlier import and no longer among the files; nothing is deleted in Synap. */
  readonly gone: number;
  readonly hidden: number;
  readonly conflicts: readonly Problem[];
  readonly refused: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly links: { resolved: number; missing: number; created: number; removed: number };
  /** The first links whose target is not there. */
  readonly missingLinks: readonly { path: string; target: string }[];
  /** Whether it was stopped before it was done. */
  readonly stopped: boolean;
  readonly dryRun: boolean;
}

/** Brings the files of a folder or archive in. It keeps nothing between runs: to go on is to begin again. */
export async function runImport(files: Source, options: ImportOptions): Promise<ImportSummary> {
  const { signal, dryRun } = options;
  const run = new Run(options, files.refused);
  const known = await run.known();
  const listed = await run.list(files.files);
  const { plan, gone } = run.plan(listed, known);
  if (!dryRun) await run.bringIn(plan, files.files, listed);
  const links = dryRun || signal.aborted ? undefined : await run.link();
  return {
    source: options.source,
    files: files.files.length,
    ...run.counts,
    gone,
    hidden: files.hidden,
    conflicts: run.conflicts.toSorted(byPath),
    refused: run.refused.toSorted(byPath),
    warnings: run.warnings.toSorted(byPath),
    links: links?.links ?? { resolved: 0, missing: 0, created: 0, removed: 0 },
    missingLinks: links?.missing ?? [],
    stopped: signal.aborted,
    dryRun,
  };
}

function byPath(a: Problem, b: Problem): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

const COUNTED = { create: 'created', update: 'updated', moved: 'moved', unchanged: 'unchanged' } as const;

class Run {
  readonly counts = { created: 0, updated: 0, moved: 0, unchanged: 0 };
  readonly conflicts: Problem[] = [];
  readonly refused: Problem[];
  readonly warnings: Problem[] = [];
  readonly #options: ImportOptions;
  readonly #budget = new Budget(BYTES_IN_FLIGHT);

  constructor(options: ImportOptions, refused: readonly Problem[]) {
    this.#options = options;
    this.refused = [...refused];
  }

  async known(): Promise<KnownFile[]> {
    const { target, source, signal, onProgress } = this.#options;
    const known: KnownFile[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const input = { source, limit: PAGE, ...(cursor !== undefined && { cursor }) };
      const ask = () => call(target, (client) => client.imports.known.query(input));
      // A server that is not there at the beginning is not waited for.
      const page = await (cursor === undefined ? ask() : persist(ask, signal));
      known.push(...page.items);
      cursor = page.nextCursor;
      onProgress('known', known.length, known.length);
    }
    return known;
  }

  /** The files with their checksums. */
  async list(files: readonly SourceFile[]): Promise<ListedFile[]> {
    const listed: ListedFile[] = [];
    let done = 0;
    await inParallel(files, HASHING, async (file) => {
      if (this.#options.signal.aborted) return;
      try {
        const { path, size, modifiedAt } = file;
        listed.push({ path, size, modifiedAt, sha256: await hashOf(file) });
      } catch (error) {
        this.#refuse(file.path, error);
      }
      this.#options.onProgress('read', ++done, files.length);
    });
    return listed.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  plan(listed: readonly ListedFile[], known: readonly KnownFile[]): { plan: PlannedFile[]; gone: number } {
    // What cannot be read is not gone, nor is what was not looked at: it is not looked for under other paths.
    const complete = !this.#options.signal.aborted && this.refused.every(({ code }) => code !== 'UNREADABLE');
    const unread = new Set(this.refused.map((problem) => problem.path));
    const plan = planImport(
      listed,
      known.filter((file) => !unread.has(file.path)),
      complete,
    );
    const paths = new Set(plan.flatMap((file) => [file.path, file.from ?? file.path]));
    const gone = known.filter((file) => !file.deleted && !paths.has(file.path) && !unread.has(file.path)).length;
    for (const file of plan) {
      if (file.action === 'refused') this.refused.push(problemOf(file));
      else if (file.action === 'conflict') this.conflicts.push(problemOf(file));
      else if (file.action === 'unchanged' || this.#options.dryRun) this.counts[COUNTED[file.action]]++;
    }
    return { plan, gone: this.#options.signal.aborted ? 0 : gone };
  }

  async bringIn(
    plan: readonly PlannedFile[],
    files: readonly SourceFile[],
    sums: readonly ListedFile[],
  ): Promise<void> {
    const { signal, onProgress } = this.#options;
    const byPath = new Map(files.map((file) => [file.path, file]));
    const listed = new Map(sums.map((file) => [file.path, file.sha256]));
    const todo = plan.filter(({ action }) => action === 'create' || action === 'update' || action === 'moved');
    let done = 0;
    await inParallel(todo, IN_FLIGHT, async ({ path, from }) => {
      const file = byPath.get(path);
      if (signal.aborted || !file) return;
      const sha256 = listed.get(path) ?? '';
      await this.#budget.with(bytesInMemory(file), () => this.#put({ file, sha256, from }));
      onProgress('imported', ++done, todo.length);
    });
  }

  async #put(outgoing: Outgoing): Promise<void> {
    const { target, source, signal } = this.#options;
    const { path } = outgoing.file;
    try {
      const result = await persist(() => putFile(target, source, outgoing), signal);
      const { action, code = '', message = '', warnings } = result;
      if (action === 'conflict') this.conflicts.push({ path, code, message });
      else this.counts[COUNTED[action]]++;
      this.warnings.push(...warnings.map((warning) => ({ path, ...warning })));
    } catch (error) {
      if (!signal.aborted || error instanceof Refusal) this.#refuse(path, error);
    }
  }

  async link() {
    const { target, source, signal, onProgress } = this.#options;
    const links = { resolved: 0, missing: 0, created: 0, removed: 0 };
    const missing: { path: string; target: string }[] = [];
    for (let cursor: string | null | undefined; cursor !== null && !signal.aborted; ) {
      const input = { source, limit: LINK_PAGE, ...(cursor !== undefined && { cursor }) };
      const page = await persist(() => call(target, (client) => client.imports.finish.mutate(input)), signal);
      for (const name of ['resolved', 'missing', 'created', 'removed'] as const) links[name] += page.links[name];
      for (const path of page.unread) {
        const message =
          'Its content is damaged in the store: its links are as they were. synap verify --content tells more.';
        this.warnings.push({ path, code: 'CHECKSUM_MISMATCH', message });
      }
      if (missing.length < 100) missing.push(...page.missing.slice(0, 100 - missing.length));
      cursor = page.nextCursor;
      onProgress('links', links.resolved, links.resolved);
    }
    return { links, missing };
  }

  #refuse(path: string, error: unknown): void {
    if (!(error instanceof Refusal)) throw error;
    this.refused.push({ path, code: error.code, message: error.message });
  }
}

function problemOf({ path, code, message = '' }: PlannedFile): Problem {
  return { path, code: code ?? '', message };
}
