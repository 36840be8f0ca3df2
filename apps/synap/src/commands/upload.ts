import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Entity } from '@synap/types';
import type { Command } from 'commander';
import { request, SENT_ONCE } from '../client/http.ts';
import type { Target } from '../client/target.ts';
import { call } from '../client/trpc.ts';
import { callerPath } from '../environment.ts';
import { CommandError, EXIT } from '../exit.ts';
import { printable } from '../output.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';

/** A second try when the network fails; every step may be repeated. */
const TRIES = 2;

export function uploadCommand(program: Command): void {
  describe(program.command('upload'), 'Keep files as they are, each as an entity of type file.', [
    'upload minutes.pdf photo.jpg',
    'upload *.png --json',
  ])
    .argument('<file...>', 'files of any kind')
    .action(upload);
}

async function upload(files: string[], options: CommonOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const paths = files.map(callerPath);
  // All of them before the first is sent: a misspelt name should not be found out in the middle.
  const sizes = await Promise.all(paths.map(sizeOf));
  for (const [index, path] of paths.entries()) {
    output.progress(`${index + 1} of ${paths.length}: ${basename(path)}`);
    const entity = await send(target, path, sizes[index] ?? 0);
    output.item(entity);
    output.line(`Kept as file ${entity.id}: ${printable(entity.title ?? '')}`);
  }
  output.endProgress();
}

async function sizeOf(path: string): Promise<number> {
  const stats = await stat(path).catch((cause: unknown) => {
    throw new CommandError(EXIT.FAILED, `${path} cannot be read.`, { cause });
  });
  if (stats.isFile()) return stats.size;
  throw new CommandError(EXIT.FAILED, `${path} is no file.`);
}

async function send(target: Target, path: string, size: number): Promise<Entity> {
  const announced = {
    name: basename(path),
    contentType: 'application/octet-stream',
    size,
    sha256: await sha256Of(path),
    idempotencyKey: randomUUID(),
  };
  const { uploadId, url, headers } = await call(target, (client) => client.files.createUpload.mutate(announced), TRIES);
  // Read from the disk as it is sent, with its length known beforehand.
  const body = await openAsBlob(path);
  await request(target, url, { method: 'PUT', body, headers: { ...headers }, ...SENT_ONCE });
  return call(target, (client) => client.files.complete.mutate({ uploadId }), TRIES);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
