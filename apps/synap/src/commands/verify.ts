import type { Command } from 'commander';
import { CommandError, EXIT } from '../exit.ts';
import type { Output } from '../output.ts';
import { CHECKS, type Check, type Counts, type Message, type Reporter } from '../verify/messages.ts';
import { type CommonOptions, configOf, describe, outputOf } from './context.ts';
import { positiveNumber } from './get.ts';

interface VerifyOptions extends CommonOptions {
  readonly events?: boolean;
  readonly projections?: boolean;
  readonly content?: boolean;
  readonly sample?: number;
}

/** What was done with as many as are counted. */
const DONE_WITH: Readonly<Record<Check, string>> = {
  events: 'recomputed',
  projections: 'tables rebuilt and compared',
  content: 'read back',
};

export function verifyCommand(program: Command): void {
  describe(
    program.command('verify'),
    'Check the whole library: the log’s hash chain, the projections, the content. Everything, if nothing is named. ' +
      'Exit code 1 if something differs.',
    ['verify', 'verify --content --sample 1000', 'verify --events --json'],
  )
    .option('--events', 'recompute every hash of the event log')
    .option('--projections', 'rebuild the projections beside the live ones and compare')
    .option('--content', 'read back every content object and compare its SHA-256')
    .option('--sample <number>', 'read back only so many content objects, chosen at random', positiveNumber)
    .action(verify);
}

async function verify(options: VerifyOptions): Promise<void> {
  const output = outputOf(options);
  const config = configOf(options);
  const { onStoresOrServer, requireLibrary } = await import('../maintenance.ts');
  const { verifyLibrary } = await import('../verify/verify.ts');
  requireLibrary(config);
  const named = CHECKS.filter((check) => options[check] === true);
  const checks = named.length > 0 ? named : CHECKS;
  const { sample } = options;
  const seen: Seen = { summary: undefined };
  const reporter = reporterOf(output, seen);
  await onStoresOrServer(
    config,
    (stores) => verifyLibrary(stores, { checks, ...(sample !== undefined && { sample }) }, reporter),
    {
      path: `verify?checks=${checks.join(',')}${sample === undefined ? '' : `&sample=${sample}`}`,
      receive: (line) => receive(line as Line, reporter),
    },
  );
  finish(output, seen);
}

/** Lines of our own server: the same messages, and progress. */
type Line =
  | Message
  | { readonly event: 'progress'; readonly check: string; readonly done: number; readonly total: number };

export function receive(line: Line, reporter: Reporter): Promise<void> | void {
  return line.event === 'progress' ? reporter.progress(line) : reporter.tell(line);
}

interface Seen {
  summary: { counts: Counts; findings: number } | undefined;
}

function reporterOf(output: Output, seen: Seen): Reporter {
  return {
    tell: (message) => {
      if (message.event === 'finding') {
        const { check, code, message: text, position, aggregateId, version } = message.finding;
        const where = [
          position === undefined ? '' : `position ${position}`,
          aggregateId === undefined ? '' : `entity ${aggregateId}`,
          version === undefined ? '' : `version ${version}`,
        ].filter((part) => part !== '');
        output.item({ event: 'finding', ...message.finding });
        output.line(`${check}  ${code}  ${text}${where.length > 0 ? `  (${where.join(', ')})` : ''}`);
      } else if (message.event === 'verified') seen.summary = message;
    },
    progress: ({ check, done, total }) => output.progress(`${check}: ${done}${total > 0 ? ` of ${total}` : ''}`),
  };
}

function finish(output: Output, { summary }: Seen): void {
  output.endProgress();
  // A verification that did not come to its end has found nothing, and proves nothing.
  if (!summary) throw new CommandError(EXIT.FAILED, 'The verification ended before it was complete.');
  const { counts, findings } = summary;
  output.item({ event: 'summary', ok: findings === 0, findings, ...counts });
  for (const check of CHECKS) {
    if (counts[check] !== undefined) output.line(`${check}: ${counts[check]} ${DONE_WITH[check]}`);
  }
  output.line(findings === 0 ? 'Everything is as it was written.' : `${findings} found, listed above.`);
  if (findings > 0) process.exitCode = EXIT.FAILED;
}
