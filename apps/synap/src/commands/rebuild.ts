import type { Command } from 'commander';
import { CommandError, EXIT } from '../exit.ts';
import type { Message, Reporter } from '../verify/messages.ts';
import { type CommonOptions, configOf, describe, outputOf } from './context.ts';
import { receive } from './verify.ts';

export function rebuildCommand(program: Command): void {
  describe(
    program.command('rebuild'),
    'Make the projections anew from the events, beside the live ones, and put them in their place; then the search index.',
    ['rebuild', 'rebuild --json'],
  ).action(rebuild);
}

async function rebuild(options: CommonOptions): Promise<void> {
  const output = outputOf(options);
  const config = configOf(options);
  const { onStoresOrServer, requireLibrary } = await import('../maintenance.ts');
  const { rebuildLibrary } = await import('../verify/verify.ts');
  requireLibrary(config);
  let rebuilt: Extract<Message, { event: 'rebuilt' }> | undefined;
  const reporter: Reporter = {
    tell: (message) => {
      if (message.event === 'rebuilt') rebuilt = message;
    },
    progress: ({ check, done, total }) =>
      output.progress(check === 'search' ? `search index: ${done} entities` : `rebuild: ${done} of ${total} events`),
  };
  await onStoresOrServer(config, (stores) => rebuildLibrary(stores, reporter), {
    path: 'rebuild',
    receive: (line) => receive(line as Message, reporter),
  });
  output.endProgress();
  if (!rebuilt) throw new CommandError(EXIT.FAILED, 'The rebuild ended before it was complete.');
  output.item(rebuilt);
  output.line(
    `The projections were made anew; events applied: ${rebuilt.events}. Entities indexed for the search: ${rebuilt.indexed}.`,
  );
  if (rebuilt.unindexed.length === 0) return;
  output.line(
    `Found by their titles and tags only, because their text could not be indexed (${rebuilt.unindexed.length}):`,
  );
  for (const id of rebuilt.unindexed) output.line(`  ${id}`);
  process.exitCode = EXIT.FAILED;
}
