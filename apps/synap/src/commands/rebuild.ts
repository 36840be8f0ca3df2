import type { Command } from 'commander';
import { CommandError, EXIT } from '../exit.ts';
import type { Message, Reporter } from '../verify/messages.ts';
import { type CommonOptions, configOf, describe, outputOf } from './context.ts';
import { receive } from './verify.ts';

export function rebuildCommand(program: Command): void {
  describe(
    program.command('rebuild'),
    'Make the projections anew from the events, beside the live ones, and put them in their place.',
    ['rebuild', 'rebuild --json'],
  ).action(rebuild);
}

async function rebuild(options: CommonOptions): Promise<void> {
  const output = outputOf(options);
  const config = configOf(options);
  const { onStoresOrServer, requireLibrary } = await import('../maintenance.ts');
  const { rebuildLibrary } = await import('../verify/verify.ts');
  requireLibrary(config);
  let events: number | undefined;
  const reporter: Reporter = {
    tell: (message) => {
      if (message.event === 'rebuilt') events = message.events;
    },
    progress: ({ done, total }) => output.progress(`rebuild: ${done} of ${total} events`),
  };
  await onStoresOrServer(config, (stores) => rebuildLibrary(stores, reporter), {
    path: 'rebuild',
    receive: (line) => receive(line as Message, reporter),
  });
  output.endProgress();
  if (events === undefined) throw new CommandError(EXIT.FAILED, 'The rebuild ended before it was complete.');
  output.item({ event: 'rebuilt', events });
  output.line(`The projections were made anew; events applied: ${events}.`);
}
