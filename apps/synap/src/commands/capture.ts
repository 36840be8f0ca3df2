import { randomUUID } from 'node:crypto';
import { EntityType } from '@synap/types';
import { type Command, Option } from 'commander';
import { call } from '../client/trpc.ts';
import { CommandError, EXIT } from '../exit.ts';
import { printable } from '../output.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';

interface CaptureOptions extends CommonOptions {
  readonly title?: string;
  readonly tag?: readonly string[];
  readonly type: EntityType;
}

/** A second try when the network fails; the idempotency key makes it the same note. */
const TRIES = 2;

function addTag(tag: string, tags: readonly string[] | undefined): string[] {
  return [...(tags ?? []), tag];
}

export function captureCommand(program: Command): void {
  describe(program.command('capture'), 'Keep a note: the words given, or what comes in on stdin.', [
    'capture Buy seeds for the balcony --tag garden',
    'capture --title "Minutes" < minutes.md',
    'capture - --type idea',
  ])
    .argument('[text...]', 'the words of the note; stdin if there are none or "-"')
    .option('--title <title>', 'its title')
    .option('--tag <tag>', 'a tag; may be repeated', addTag)
    .addOption(new Option('--type <type>', 'what it is').choices(Object.values(EntityType)).default('note'))
    .action(capture);
}

async function capture(words: string[], options: CaptureOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const fromStdin = words.length === 0 || (words.length === 1 && words[0] === '-');
  const content = fromStdin ? await standardInput() : words.join(' ');
  const input = {
    content,
    idempotencyKey: randomUUID(),
    ...(options.title !== undefined && { title: options.title }),
    ...(options.tag !== undefined && { tags: [...options.tag] }),
  };
  const { type } = options;
  const entity = await call(
    target,
    async (client) =>
      type === EntityType.NOTE
        ? (await client.notes.create.mutate(input)).note
        : client.entities.create.mutate({ ...input, type }),
    TRIES,
  );
  output.item(entity);
  output.line(`Kept as ${entity.type} ${entity.id}, version ${entity.version}.`);
  output.line(`Read it again: synap get ${entity.id}${entity.title === null ? '' : `  (${printable(entity.title)})`}`);
}

async function standardInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Write the note; end it with Ctrl-D on a line of its own.\n');
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  try {
    // A byte order mark is part of what was given, and stays.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new CommandError(EXIT.FAILED, 'What came in on stdin is not UTF-8 text. Nothing was kept.', { cause });
  }
}
