import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { callerFolder } from '../environment.ts';
import { CommandError, EXIT } from '../exit.ts';
import { openFolder } from '../import/folder-source.ts';
import { type ImportSummary, runImport } from '../import/run-import.ts';
import type { Problem, Source } from '../import/source.ts';
import { openZip } from '../import/zip-source.ts';
import { type Output, printable } from '../output.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';
import { untilInterrupted } from './interrupt.ts';

interface ImportCommandOptions extends CommonOptions {
  readonly source?: string;
  readonly dryRun?: boolean;
}

export function importCommand(program: Command): void {
  describe(program.command('import'), 'Import a folder or zip archive of Markdown, an Obsidian vault for one.', [
    'import ~/Notes',
    'import notes.zip --source Notes',
    'import ~/Notes --dry-run',
  ])
    .argument('<path>', 'the folder, or a .zip')
    .option('--source <name>', 'what a later import knows the files by (default: the name of the folder or archive)')
    .option('--dry-run', 'say what would be done, and do nothing')
    .action(importPath);
}

async function importPath(path: string, options: ImportCommandOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const location = resolve(callerFolder(), path);
  const source = options.source?.trim() ?? basename(location).replace(/\.zip$/i, '');
  if (source === '') throw new CommandError(EXIT.USAGE, 'Give the source a name, with --source.');
  const files = await open(location);
  const interrupted = untilInterrupted(() => {
    output.note('Stopping when what is under way is done. Run the same command again to go on.');
  });
  try {
    const summary = await runImport(files, {
      target,
      source,
      dryRun: options.dryRun === true,
      signal: interrupted.signal,
      onProgress: (what, done, total) => output.progress(`${what}: ${done}${total > done ? ` of ${total}` : ''}`),
    });
    output.endProgress();
    output.item(summary);
    tell(summary, output);
    const { refused, conflicts, stopped } = summary;
    if (refused.length > 0 || conflicts.length > 0 || stopped) process.exitCode = EXIT.FAILED;
  } finally {
    output.endProgress();
    interrupted.end();
    await files.close();
  }
}

async function open(location: string): Promise<Source> {
  const stats = await stat(location).catch((cause: unknown) => {
    throw new CommandError(EXIT.USAGE, `There is nothing at ${location}.`, { cause });
  });
  if (stats.isDirectory()) return openFolder(location);
  if (stats.isFile()) return openZip(location);
  throw new CommandError(EXIT.USAGE, `${location} is neither a folder nor a zip archive.`);
}

function tell(summary: ImportSummary, output: Output): void {
  const { created, updated, moved, unchanged, links } = summary;
  const verb = summary.dryRun ? 'Would import' : summary.stopped ? 'Stopped while importing' : 'Imported';
  output.line(`${verb} ${summary.files} files of “${printable(summary.source)}”:`);
  output.line(`  ${created} new, ${updated} changed, ${moved} moved, ${unchanged} unchanged`);
  if (!summary.dryRun) {
    output.line(
      `  ${links.resolved} links (${links.created} new, ${links.removed} gone), ${links.missing} lead nowhere`,
    );
  }
  if (summary.hidden > 0) output.line(`  ${summary.hidden} hidden files and folders were left out`);
  if (summary.gone > 0) output.line(`  ${summary.gone} imported earlier are no longer there; in Synap they stay`);
  list('Not imported', summary.refused, output);
  list('Changed on both sides, or deleted in Synap; nothing was overwritten', summary.conflicts, output);
  list('Imported, with a warning', summary.warnings, output);
  if (summary.missingLinks.length > 0) {
    output.line('Links whose target is not there (the first of them):');
    for (const { path, target } of summary.missingLinks) output.line(`  ${printable(path)} -> ${printable(target)}`);
  }
}

function list(title: string, problems: readonly Problem[], output: Output): void {
  if (problems.length === 0) return;
  output.line(`${title} (${problems.length}):`);
  for (const { path, code, message } of problems) output.line(`  ${printable(path)}: ${message} [${code}]`);
}
