import type { Command } from 'commander';
import { call } from '../client/trpc.ts';
import { printable } from '../output.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';

export function historyCommand(program: Command): void {
  describe(program.command('history'), 'Show every version of an entity, and what changed in each.', [
    'history 0190c6b8-…',
    'history 0190c6b8-… --json | head -1',
  ])
    .argument('<id>', 'its id')
    .action(history);
}

async function history(id: string, options: CommonOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  let cursor: string | undefined;
  do {
    const page = await call(target, (client) =>
      client.entities.history.query({ id, ...(cursor !== undefined && { cursor }) }),
    );
    for (const item of page.items) {
      output.item(item);
      const changes = printable(JSON.stringify(item.changes));
      output.line(`${String(item.version).padStart(4)}  ${item.timestamp}  ${item.eventType}  ${changes}`);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
