import { useQueryClient } from '@tanstack/react-query';
import { type DragEvent, useEffect, useRef, useState } from 'react';
import { explain } from '../api/errors.ts';
import { Page } from '../shell/page.tsx';
import { formatSize, plural } from '../ui/format.ts';
import { entriesOf, fromDrop, fromInput } from './collect.ts';
import { importApi } from './import-api.ts';
import { ImportReport } from './import-report.tsx';
import { NOTHING_DONE, type Progress, runImport } from './run-import.ts';
import type { Source } from './source-file.ts';

export function ImportPage() {
  const queries = useQueryClient();
  const [source, setSource] = useState<Source | null>(null);
  const [name, setName] = useState('');
  const [progress, setProgress] = useState<Progress | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [collecting, setCollecting] = useState(false);
  const running = useRef<AbortController | null>(null);
  const busy = progress !== null && progress.step !== 'done' && progress.step !== 'stopped';

  useEffect(() => () => running.current?.abort(), []);
  useEffect(() => {
    if (!busy) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [busy]);

  const collect = async (found: Promise<Source>) => {
    setProblem(null);
    setProgress(null);
    setCollecting(true);
    try {
      const next = await found;
      setSource(next);
      setName(next.name);
    } catch (error) {
      setSource(null);
      setProblem(`This cannot be read. ${error instanceof Error ? error.message : ''}`);
    } finally {
      setCollecting(false);
    }
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

  return (
    <Page title="Import">
      <h1>Import</h1>
      <p>
        Bring a folder of Markdown files along, such as an Obsidian vault, with its images and other attachments. Files
        stay as they are, byte for byte. Importing the same folder again only brings what changed.
      </p>
      <DropZone disabled={busy} collect={(found) => void collect(found)} />
      {collecting && <p role="status">Looking through the files…</p>}
      {source && (
        <form
          className="card import-form"
          onSubmit={(event) => {
            event.preventDefault();
            void start();
          }}
        >
          <p role="status">
            {plural(source.files.length, 'file')}, {formatSize(source.files.reduce((sum, { size }) => sum + size, 0))}
            {source.hidden > 0 && `; ${plural(source.hidden, 'hidden file')} left out`}
          </p>
          <label className="field">
            <span>Name of this source, by which it is known when you import it again</span>
            <input
              value={name}
              required
              maxLength={200}
              disabled={busy}
              onChange={(event) => setName(event.target.value)}
            />
          </label>
          <div className="actions">
            <button
              type="submit"
              className="button primary"
              disabled={busy || source.files.length === 0 || name.trim() === ''}
            >
              {progress?.step === 'stopped' ? 'Go on' : 'Import'}
            </button>
            {busy && (
              <button type="button" className="button" onClick={() => running.current?.abort()}>
                Stop
              </button>
            )}
          </div>
        </form>
      )}
      {problem && (
        <p role="alert" className="notice bad">
          {problem}
        </p>
      )}
      {progress && <ImportReport progress={progress} />}
    </Page>
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

interface DropZoneProps {
  readonly disabled: boolean;
  readonly collect: (source: Promise<Source>) => void;
}

function DropZone({ disabled, collect }: DropZoneProps) {
  const [over, setOver] = useState(false);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const entries = entriesOf(event.dataTransfer.items);
    if (!disabled && entries.length > 0) collect(fromDrop(entries));
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- dropping is one way of three
    <section
      aria-label="Choose what to import"
      className={over ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <p>Drop a folder or a zip here, or</p>
      <div className="actions">
        <Chooser label="Choose a folder" folder disabled={disabled} collect={collect} />
        <Chooser label="Choose a zip or files" disabled={disabled} collect={collect} />
      </div>
    </section>
  );
}

interface ChooserProps extends DropZoneProps {
  readonly label: string;
  readonly folder?: boolean;
}

/** A button that opens the field behind it, which cannot be made to look like one. */
function Chooser({ label, folder = false, disabled, collect }: ChooserProps) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={(element) => {
          field.current = element;
          // React’s types do not know it.
          element?.toggleAttribute('webkitdirectory', folder);
        }}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // The same folder again is a change too.
          event.target.value = '';
          if (files.length > 0) collect(fromInput(files));
        }}
      />
      <button type="button" className="button" disabled={disabled} onClick={() => field.current?.click()}>
        {label}
      </button>
    </>
  );
}
