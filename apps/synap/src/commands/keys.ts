import { KeyScope } from '@synap/types';
import { type Command, InvalidArgumentError } from 'commander';
import { call } from '../client/trpc.ts';
import { printable } from '../output.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';

interface CreateOptions extends CommonOptions {
  readonly scope?: readonly KeyScope[];
}

const SCOPES = Object.values(KeyScope);

function addScope(name: string, scopes: readonly KeyScope[] | undefined): KeyScope[] {
  const scope = SCOPES.find((known) => known === name);
  if (!scope) throw new InvalidArgumentError(`It must be one of ${SCOPES.join(', ')}.`);
  return [...(scopes ?? []), scope];
}

export function keysCommand(program: Command): void {
  const keys = program.command('keys').description('API keys: make, list and revoke them.');
  keys.addHelpText('after', '\nExamples:\n  $ synap keys create "phone" --scope read --scope write');

  describe(keys.command('create'), 'Make an API key. It is shown once.', [
    'keys create "phone" --scope read --scope write',
    'keys create "backup" --scope admin --json',
  ])
    .argument('<name>', 'what it is for')
    .option(
      '--scope <scope>',
      `what it may do: ${SCOPES.join(', ')}; may be repeated (default: read and write)`,
      addScope,
    )
    .action(create);

  describe(keys.command('list'), 'List the API keys; the keys themselves are not kept anywhere.', ['keys list']).action(
    list,
  );

  describe(keys.command('revoke'), 'Make an API key useless at once.', ['keys revoke 0190c6b8-…'])
    .argument('<id>', 'its id, as "keys list" shows it')
    .action(revoke);
}

async function create(name: string, options: CreateOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const scopes = [...(options.scope ?? [KeyScope.READ, KeyScope.WRITE])];
  const created = await call(target, (client) => client.keys.create.mutate({ name, scopes }));
  output.item(created);
  output.line(created.key);
  if (!output.json) output.note('Keep it now: it is not shown again.');
}

async function list(options: CommonOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const keys = await call(target, (client) => client.keys.list.query());
  for (const key of keys) {
    output.item(key);
    const state = key.revokedAt === null ? '' : `  revoked ${key.revokedAt}`;
    output.line(`${key.id}  ${key.prefix}…  ${key.scopes.join(',')}  ${printable(key.name)}${state}`);
  }
}

async function revoke(id: string, options: CommonOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const result = await call(target, (client) => client.keys.revoke.mutate({ id }));
  output.item(result);
  output.line('Revoked.');
}
