import { type DragEvent, useRef, useState } from 'react';
import { Page } from '../shell/page.tsx';
import { formatSize, plural } from '../ui/format.ts';
import { entriesOf, fromDrop, fromInput } from './collect.ts';
import { ImportReport } from './import-report.tsx';
import { useImportRun } from './import-run.tsx';
import type { Source } from './source-file.ts';

export function ImportPage() {
  const { source, name, progress, busy, problem, choose, rename, start, stop } = useImportRun();
  const [collecting, setCollecting] = useState(false);

  const collect = async (found: Promise<Source>) => {
    choose(null);
    setCollecting(true);
    try {
      choose(await found);
    } catch (error) {
      choose(null, `This cannot be read. ${error instanceof Error ? error.message : ''}`);
    } finally {
      setCollecting(false);
    }
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
            {source.refused.length > 0 && `; ${source.refused.length.toLocaleString('en')} refused`}
          </p>
          <label className="field">
            <span>Name of this source, by which it is known when you import it again</span>
            <input
              value={name}
              required
              maxLength={200}
              disabled={busy}
              onChange={(event) => rename(event.target.value)}
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
              <button type="button" className="button" onClick={stop}>
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
