import { resolve } from 'node:path';
import type { Command } from 'commander';
import { callerFolder } from '../environment.ts';
import { EXIT } from '../exit.ts';
import { folderSink } from '../export/folder-sink.ts';
import { runExport } from '../export/run-export.ts';
import { zipSink } from '../export/zip-sink.ts';
import { printable } from '../output.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';
import { instant } from './get.ts';
import { untilInterrupted } from './interrupt.ts';

interface ExportCommandOptions extends CommonOptions {
  readonly at?: string;
  readonly force?: boolean;
}

export function exportCommand(program: Command): void {
  describe(program.command('export'), 'Export the whole library as files: to a folder, or to a zip archive.', [
    'export ~/Notes-copy',
    'export notes.zip --at 2026-01-31T12:00:00Z',
  ])
    .argument('<path>', 'a folder that is new or empty, or a .zip')
    .option('--at <time>', 'the library as it was at this time; a date is its midnight in UTC', instant)
    .option('--force', 'replace what is there')
    .action(exportTo);
}

async function exportTo(path: string, options: ExportCommandOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const location = resolve(callerFolder(), path);
  const open = /\.zip$/i.test(location) ? zipSink : folderSink;
  const sink = await open(location, options.force === true);
  const interrupted = untilInterrupted(() => output.note('Stopping.'));
  try {
    const summary = await runExport(sink, {
      target,
      ...(options.at !== undefined && { at: options.at }),
      signal: interrupted.signal,
      onProgress: (done) => output.progress(`exported: ${done}`),
    });
    if (!summary.stopped) await sink.finish();
    output.endProgress();
    output.item({ path: location, ...summary });
    output.line(`${summary.stopped ? 'Stopped after' : 'Exported'} ${summary.files} files to ${location}.`);
    for (const problem of summary.problems) output.line(`  ${printable(problem.path)}: ${problem.message}`);
    if (summary.problems.length > 0 || summary.stopped) process.exitCode = EXIT.FAILED;
  } finally {
    output.endProgress();
    interrupted.end();
    await sink.discard();
  }
}
