import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { explain } from '../api/errors.ts';
import { plural } from '../ui/format.ts';
import { importApi } from './import-api.ts';
import { NOTHING_DONE, type Progress, runImport } from './run-import.ts';
import type { Source } from './source-file.ts';

/** An import from its being chosen to its end. It goes on whatever page is looked at. */
interface ImportRun {
  readonly source: Source | null;
  /** By which the source is known when it is imported again. */
  readonly name: string;
  /** Null before it was started. */
  readonly progress: Progress | null;
  readonly busy: boolean;
  /** What kept it from being read, or from coming to its end. */
  readonly problem: string | null;
  readonly choose: (source: Source | null, problem?: string) => void;
  readonly rename: (name: string) => void;
  readonly start: () => Promise<void>;
  readonly stop: () => void;
}

const RunContext = createContext<ImportRun | null>(null);

/** @throws {Error} outside of the provider */
export function useImportRun(): ImportRun {
  const run = use(RunContext);
  if (!run) throw new Error('There is no import around this.');
  return run;
}

/** Keeps the import above the pages, so that it ends with the session and not with the page that began it. */
export function ImportRunProvider({ children }: { readonly children: ReactNode }) {
  const queries = useQueryClient();
  const [source, setSource] = useState<Source | null>(null);
  const [name, setName] = useState('');
  const [progress, setProgress] = useState<Progress | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const running = useRef<AbortController | null>(null);
  const busy = progress !== null && progress.step !== 'done' && progress.step !== 'stopped';

  useEffect(() => () => running.current?.abort(), []);
  useEffect(() => {
    if (!busy) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [busy]);

  const run = useMemo((): ImportRun => {
    const choose = (chosen: Source | null, why: string | null = null) => {
      setProgress(null);
      setSource(chosen);
      setName(chosen?.name ?? '');
      setProblem(why);
    };
    const start = async () => {
      if (!source || busy) return;
      const controller = new AbortController();
      running.current = controller;
      setProblem(null);
      setProgress(NOTHING_DONE);
      const shown = latestEachFrame(setProgress);
      try {
        await runImport({ name: name.trim(), source, api: importApi, signal: controller.signal, onProgress: shown });
      } catch (error) {
        shown.stop();
        setProgress((last) => last && { ...last, step: 'stopped' });
        setProblem(controller.signal.aborted ? 'Stopped. Start again to go on where it stopped.' : explain(error).text);
      }
      await queries.invalidateQueries();
    };
    return {
      source,
      name,
      progress,
      busy,
      problem,
      choose,
      rename: setName,
      start,
      stop: () => running.current?.abort(),
    };
  }, [queries, source, name, progress, busy, problem]);

  return <RunContext value={run}>{children}</RunContext>;
}

/** How far the import is, on every page but its own. */
export function ImportStatus() {
  const [location] = useLocation();
  const { progress, busy, problem } = useImportRun();
  const stopped = progress?.step === 'stopped' && problem !== null;
  if (location === '/import' || !progress || !(busy || stopped)) return null;
  return (
    <p className="import-status">
      <Link href="/import">{busy ? 'Importing' : 'The import stopped'}</Link>
      {busy && `: ${progress.done.toLocaleString('en')} of ${plural(progress.total, 'file')}`}
    </p>
  );
}

/** Thousands of files a minute would have the page draw itself thousands of times. */
function latestEachFrame(show: (progress: Progress) => void) {
  let latest: Progress | null = null;
  let frame = 0;
  const tell = (progress: Progress) => {
    latest = progress;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (latest) show(latest);
    });
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    if (latest) show(latest);
  };
  return Object.assign(tell, { stop });
}
