import { importPath, type KnownFile, type ListedFile, type PlannedFile, planImport } from '@initiativ/core/import';
import { explain, isReason } from '../api/errors.ts';
import { hashOf } from './hash.ts';
import type { FileResult, ImportApi, LinkReport } from './import-api.ts';
import type { Problem, Source, SourceFile } from './source-file.ts';

export type Step = 'reading' | 'sending' | 'linking' | 'done' | 'stopped';

export type Action = FileResult['action'] | 'refused';

export interface Progress {
  readonly step: Step;
  /** Files of this step that are done, of all. */
  readonly done: number;
  readonly total: number;
  readonly counts: Readonly<Record<Action, number>>;
  readonly remarks: readonly Problem[];
  /** Of `remarks` there are more than are kept. */
  readonly remarkCount: number;
  readonly links: LinkReport['links'];
  readonly missing: LinkReport['missing'];
}

export interface ImportOptions {
  readonly name: string;
  readonly source: Source;
  readonly api: ImportApi;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Milliseconds before a try that follows one without an answer. */
  readonly wait?: (attempt: number) => Promise<void>;
}

/** Files on their way at once: what a browser opens connections for. */
const IN_FLIGHT = 5;
const TRIES = 6;
const REMARKS = 200;
const MISSING = 100;

export const NOTHING_DONE: Progress = {
  step: 'reading',
  done: 0,
  total: 0,
  counts: { unchanged: 0, create: 0, update: 0, moved: 0, conflict: 0, refused: 0 },
  remarks: [],
  remarkCount: 0,
  links: { resolved: 0, missing: 0, created: 0, removed: 0 },
  missing: [],
};

function pause(attempt: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** attempt, 10_000)));
}

/**
 * Brings a source in: finds out what the server has of it, sends what it lacks, and has the links resolved. Whatever
 * stops it, running it again goes on where it stopped.
 * @throws whatever keeps all of it from going on, such as a server that does not answer, or `signal`
 */
export async function runImport({
  name,
  source,
  api,
  signal,
  onProgress,
  wait = pause,
}: ImportOptions): Promise<Progress> {
  let progress = NOTHING_DONE;
  const tell = (change: Partial<Progress>) => {
    progress = { ...progress, ...change };
    onProgress(progress);
  };
  const remark = (path: string, message: string) => {
    const remarks = progress.remarks.length < REMARKS ? [...progress.remarks, { path, message }] : progress.remarks;
    tell({ remarks, remarkCount: progress.remarkCount + 1 });
  };
  const count = (action: Action) => tell({ counts: { ...progress.counts, [action]: progress.counts[action] + 1 } });
  const advance = () => tell({ done: progress.done + 1 });
  const unread = new Set<string>();
  const refuse = (path: string, message: string) => {
    unread.add(importPath(path) ?? path);
    count('refused');
    remark(path, message);
  };
  const again = <Result>(work: () => Promise<Result>) => retried(work, signal, wait);

  tell({ step: 'reading', total: source.files.length });
  const known: KnownFile[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const from: string | undefined = cursor;
    const page = await again(() => api.known(name, from, signal));
    known.push(...(page.items as KnownFile[]));
    cursor = page.nextCursor;
  }

  for (const { path, message } of source.refused) refuse(path, message);
  let { complete } = source;
  const listed: ListedFile[] = [];
  const byPath = new Map<string, SourceFile>();
  await eachInParallel(source.files, IN_FLIGHT, signal, async (file) => {
    try {
      const { path, size, modifiedAt } = file;
      listed.push({ path, size, modifiedAt, sha256: await hashOf(await file.open()) });
      byPath.set(path, file);
    } catch (error) {
      // What cannot be read is not gone: it is not looked for under other paths.
      complete = false;
      refuse(file.path, `It cannot be read. ${error instanceof Error ? error.message : ''}`.trim());
    }
    advance();
  });
  listed.sort((a, b) => (a.path < b.path ? -1 : 1));

  const readable = known.filter(({ path }) => !unread.has(path));
  const plan = planImport(listed, readable, complete).map((planned, index) => ({ planned, file: listed[index] }));
  const todo: { planned: PlannedFile; file: ListedFile }[] = [];
  for (const { planned, file } of plan) {
    if (planned.action === 'refused' || planned.action === 'conflict') {
      count(planned.action);
      remark(planned.path, planned.message ?? '');
    } else if (planned.action === 'unchanged') count('unchanged');
    else if (file) todo.push({ planned, file });
  }

  tell({ step: 'sending', done: 0, total: todo.length });
  await eachInParallel(todo, IN_FLIGHT, signal, async ({ planned, file }) => {
    try {
      const bytes = await byPath.get(file.path)?.open();
      if (!bytes) throw new Error('It is gone.');
      const { modifiedAt, sha256 } = file;
      const sent = { path: planned.path, modifiedAt, sha256, from: planned.from };
      const result = await again(() => api.send(name, sent, bytes, signal));
      count(result.action);
      if (result.message) remark(planned.path, result.message);
      for (const { message } of result.warnings) remark(planned.path, message);
    } catch (error) {
      // What concerns this file alone keeps no other from coming in.
      if (signal.aborted || isGeneral(error)) throw error;
      refuse(planned.path, error instanceof Error && !('reason' in error) ? error.message : explain(error).text);
    }
    advance();
  });

  tell({ step: 'linking', done: 0, total: listed.length });
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const from: string | undefined = cursor;
    const page = await again(() => api.finish(name, from, signal));
    for (const path of page.unread) remark(path, 'Its content cannot be read, so its links were not followed.');
    const { links, missing } = progress;
    tell({
      done: Math.min(progress.done + 200, listed.length),
      links: {
        resolved: links.resolved + page.links.resolved,
        missing: links.missing + page.links.missing,
        created: links.created + page.links.created,
        removed: links.removed + page.links.removed,
      },
      missing: [...missing, ...page.missing].slice(0, MISSING),
    });
    cursor = page.nextCursor;
  }
  tell({ step: 'done' });
  return progress;
}

/** Whether no other file would fare better. */
function isGeneral(error: unknown): boolean {
  return (
    explain(error).retryable ||
    isReason(error, 'UNAUTHENTICATED') ||
    isReason(error, 'INSUFFICIENT_SCOPE') ||
    isReason(error, 'STORAGE_FULL')
  );
}

async function retried<Result>(
  work: () => Promise<Result>,
  signal: AbortSignal,
  wait: (attempt: number) => Promise<void>,
): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || attempt + 1 >= TRIES || !explain(error).retryable) throw error;
      await wait(attempt);
    }
  }
}

/** Runs `task` for every item, `width` at a time. The first that fails ends it, when those under way are through. */
async function eachInParallel<Item>(
  items: readonly Item[],
  width: number,
  signal: AbortSignal,
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failed = false;
  const results = await Promise.allSettled(
    Array.from({ length: width }, async () => {
      for (const item of queue) {
        if (failed) return;
        try {
          signal.throwIfAborted();
          await task(item);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    }),
  );
  const rejected = results.find((result) => result.status === 'rejected');
  if (rejected) throw rejected.reason;
}
