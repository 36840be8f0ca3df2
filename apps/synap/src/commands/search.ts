import { styleText } from 'node:util';
import { EntityType } from '@synap/types';
import { type Command, InvalidArgumentError } from 'commander';
import { call } from '../client/trpc.ts';
import { printable } from '../output.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';
import { instant, limitUpTo } from './get.ts';

interface SearchOptions extends CommonOptions {
  readonly type: readonly EntityType[];
  readonly tag: readonly string[];
  readonly after?: string;
  readonly before?: string;
  readonly limit: number;
}

/** What one search gives at most. */
const MAX_LIMIT = 100;

function alsoTag(tag: string, tags: readonly string[]): string[] {
  return [...tags, tag];
}

function alsoType(name: string, types: readonly EntityType[]): EntityType[] {
  const type = Object.values(EntityType).find((known) => known === name);
  if (type) return [...types, type];
  throw new InvalidArgumentError(`It must be one of ${Object.values(EntityType).join(', ')}.`);
}

export function searchCommand(program: Command): void {
  describe(
    program.command('search'),
    'Find what you wrote by the words in it, the best match first. "Quotes" ask for words side by side, a hyphen ' +
      'before a word leaves out what has it.',
    ['search tomato garden', `search '"cherry tomato" -greenhouse' --tag garden`, 'search -- -greenhouse tomato'],
  )
    .argument('<query...>', 'what to look for')
    .option('--type <type>', 'of this type only; given several times, of any of them', alsoType, [])
    .option('--tag <tag>', 'with this tag only; given several times, with all of them', alsoTag, [])
    .option('--after <time>', 'changed last at this time or later; a date is its midnight in UTC', instant)
    .option('--before <time>', 'changed last before this time', instant)
    .option('--limit <number>', `at most so many, up to ${MAX_LIMIT}`, limitUpTo(MAX_LIMIT), 10)
    .action(search);
}

async function search(words: readonly string[], options: SearchOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const { type, tag, after, before, limit } = options;
  const input = {
    query: words.join(' '),
    mode: 'text' as const,
    limit,
    ...(type.length > 0 && { types: [...type] }),
    ...(tag.length > 0 && { tags: [...tag] }),
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before }),
  };
  const { items } = await call(target, (client) => client.search.query.query(input));
  for (const item of items) {
    const { entity, snippet, highlights } = item;
    output.item(item);
    output.line(`${styleText('bold', printable(entity.title ?? '(no title)'))}  ${entity.type} ${entity.id}`);
    if (snippet !== '') output.line(`  ${highlighted(snippet, highlights)}`);
  }
  if (items.length === 0) output.line('Nothing was found.');
}

/** `styleText` leaves the colours out where nobody would see them: into a file, or with NO_COLOR. */
function highlighted(text: string, spans: readonly { readonly start: number; readonly end: number }[]): string {
  let shown = '';
  let at = 0;
  for (const { start, end } of spans) {
    shown += printable(text.slice(at, start)) + styleText(['bold', 'yellow'], printable(text.slice(start, end)));
    at = end;
  }
  return shown + printable(text.slice(at));
}
