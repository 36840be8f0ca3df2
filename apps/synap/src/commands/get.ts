import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Entity } from '@synap/types';
import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { request } from '../client/http.ts';
import type { Target } from '../client/target.ts';
import { call } from '../client/trpc.ts';
import { callerPath } from '../environment.ts';
import { CommandError, EXIT } from '../exit.ts';
import { type Output, printable } from '../output.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';

interface GetOptions extends CommonOptions {
  readonly version?: number;
  readonly at?: string;
  readonly content?: boolean;
  readonly output?: string;
}

export function positiveNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(text);
}

/** A whole number from 1 to `most`. */
export function limitUpTo(most: number): (text: string) => number {
  return (text) => {
    const number = positiveNumber(text);
    if (number > most) throw new InvalidArgumentError(`It must be ${most} at most.`);
    return number;
  };
}

/** Days that do not exist are none; without an offset it would be any of some thirty instants. */
const time = z.union([z.iso.date(), z.iso.datetime({ offset: true })]).transform((text) => new Date(text));

/** A date, which is its midnight in UTC, or a time with its offset. */
export function instant(text: string): string {
  const date = time.safeParse(text).data;
  if (date === undefined || Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError(
      'It must be a date such as 2026-01-31, from whose midnight in UTC it is taken, or a time with Z or an offset, ' +
        'such as 2026-01-31T23:59:59Z.',
    );
  }
  return date.toISOString();
}

export function getCommand(program: Command): void {
  describe(program.command('get'), 'Show an entity: as it is, as it was at a version, or as it was at a time.', [
    'get 0190c6b8-…',
    'get 0190c6b8-… --version 1 --content > first-version.md',
    'get 0190c6b8-… --content --output photo.jpg',
    'get 0190c6b8-… --at 2026-01-31T12:00:00Z --json',
  ])
    .argument('<id>', 'its id')
    .option('--version <number>', 'as it was at this version', positiveNumber)
    .option('--at <time>', 'as it was at this time; a date is its midnight in UTC', instant)
    .option('--content', 'write its content, byte for byte, and nothing else')
    .option('--output <file>', 'with --content: into this file, which is replaced once all of it has come')
    .action(get);
}

async function get(id: string, options: GetOptions): Promise<void> {
  const { version, at, content, output: file } = options;
  if (version !== undefined && at !== undefined) {
    throw new CommandError(EXIT.USAGE, 'Either --version or --at, not both.');
  }
  if (file !== undefined && !content) throw new CommandError(EXIT.USAGE, '--output goes with --content.');
  const output = outputOf(options);
  const target = await targetOf(options);
  const input = { id, ...(version !== undefined && { version }), ...(at !== undefined && { at }) };
  if (file !== undefined) await saveContent(target, input, callerPath(file), output);
  else if (content && output.json) output.item(await call(target, (client) => client.entities.content.query(input)));
  else if (content) await writeContent(target, input, output);
  else show(await call(target, (client) => client.entities.get.query(input)), output);
}

interface Selection {
  readonly id: string;
  readonly version?: number;
  readonly at?: string;
}

async function contentOf(target: Target, { id, version, at }: Selection): Promise<Response> {
  const query = new URLSearchParams();
  if (version !== undefined) query.set('version', String(version));
  if (at !== undefined) query.set('at', at);
  return request(target, `/api/v1/entities/${encodeURIComponent(id)}/content?${query.toString()}`);
}

async function* bytesOf(target: Target, response: Response): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body ?? []) yield chunk;
  } catch (error) {
    throw new CommandError(EXIT.UNREACHABLE, `${target.url} went away before the content was complete.`, {
      cause: error,
    });
  }
}

async function writeContent(target: Target, selection: Selection, output: Output): Promise<void> {
  for await (const chunk of bytesOf(target, await contentOf(target, selection))) await output.bytes(chunk);
}

/** Beside the file first, so that what stands under its name is whole, the former or the new. */
async function saveContent(target: Target, selection: Selection, path: string, output: Output): Promise<void> {
  const response = await contentOf(target, selection);
  const part = `${path}.${randomUUID()}.part`;
  try {
    await pipeline(bytesOf(target, response), createWriteStream(part, { flags: 'wx' }));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof CommandError) throw error;
    throw new CommandError(EXIT.FAILED, `${path} cannot be written.`, { cause: error });
  }
  const { size } = await stat(path);
  output.item({ event: 'saved', id: selection.id, file: path, bytes: size });
  output.line(`${size} bytes in ${printable(path)}`);
}

function show(entity: Entity, output: Output): void {
  output.item(entity);
  output.line(`${entity.title === null ? '(no title)' : printable(entity.title)}`);
  output.line(`${entity.type} ${entity.id}, version ${entity.version}`);
  output.line(`created ${entity.createdAt}, changed ${entity.updatedAt}`);
  if (entity.deletedAt !== null) output.line(`deleted ${entity.deletedAt}`);
  if (entity.tags.length > 0) output.line(entity.tags.map((tag) => `#${printable(tag)}`).join(' '));
  if (entity.task) output.line(`${entity.task.status}, priority ${entity.task.priority}`);
  if (entity.preview !== '') output.line(`\n${printable(entity.preview)}`);
}
