import { EntityType, TaskStatus } from '@synap/types';
import { type Command, Option } from 'commander';
import { call } from '../client/trpc.ts';
import { printable } from '../output.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';
import { instant, positiveNumber } from './get.ts';

interface ListOptions extends CommonOptions {
  readonly type?: EntityType;
  readonly tag?: string;
  readonly status?: TaskStatus;
  readonly at?: string;
  readonly deleted?: boolean;
  readonly limit: number;
}

/** The most that the API gives at once. */
const PAGE = 100;

export function listCommand(program: Command): void {
  describe(program.command('list'), 'List entities, newest first.', [
    'list --tag garden',
    'list --type task --status todo --json',
  ])
    .addOption(new Option('--type <type>', 'of this type only').choices(Object.values(EntityType)))
    .option('--tag <tag>', 'with this tag only')
    .addOption(new Option('--status <status>', 'tasks of this status only').choices(Object.values(TaskStatus)))
    .option('--at <time>', 'the library as it was at this time; a date is its midnight in UTC', instant)
    .option('--deleted', 'the deleted ones instead')
    .option('--limit <number>', 'at most so many', positiveNumber, 50)
    .action(list);
}

async function list(options: ListOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const { type, tag, status, at, deleted } = options;
  const filter = {
    ...(type && { type }),
    ...(tag !== undefined && { tag }),
    ...(status && { status }),
    ...(at && { at }),
    ...(deleted && { deleted }),
  };
  let left = options.limit;
  let cursor: string | undefined;
  do {
    const input = { ...filter, limit: Math.min(left, PAGE), ...(cursor !== undefined && { cursor }) };
    const page = await call(target, (client) => client.entities.list.query(input));
    for (const entity of page.items) {
      output.item(entity);
      const text = entity.title ?? entity.preview;
      output.line(
        `${entity.id}  ${entity.createdAt.slice(0, 10)}  ${entity.type.padEnd(7)}  ${printable(text).slice(0, 80)}`,
      );
    }
    left -= page.items.length;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && left > 0);
}
