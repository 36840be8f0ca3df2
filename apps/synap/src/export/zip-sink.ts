import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { access, rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { CommandError, EXIT } from '../exit.ts';
import type { Sink } from './sink.ts';
import { spool } from './spool.ts';

/**
 * A zip archive, written as it goes under another name and renamed when it is whole. It keeps times in whole seconds.
 * @throws {CommandError} if there is something at `location`, unless `force`
 */
export async function zipSink(location: string, force: boolean): Promise<Sink> {
  if (!force && (await exists(location))) {
    throw new CommandError(EXIT.USAGE, `${location} exists. Name another file, or replace it with --force.`);
  }
  const partial = `${location}.partial`;
  const zip = new ZipFile();
  const output = createWriteStream(partial);
  await once(output, 'open').catch((cause: unknown) => {
    throw new CommandError(EXIT.USAGE, `${location} cannot be written.`, { cause });
  });
  const written = pipeline(zip.outputStream as unknown as Readable, output);
  zip.on('error', (error: Error) => output.destroy(error));
  // A full disk is told by whoever waits for it; until then it must not end the process.
  written.catch(() => undefined);
  let last: Promise<unknown> = Promise.resolve();
  let done = false;
  return {
    foldsCase: false,
    windows: false,
    async write(path: string, content: Readable, modifiedAt: Date): Promise<void> {
      const spooled = await spool(content, location);
      // One file after the other is in an archive; whose turn has not come waits with its content at hand.
      const turn = last.then(() => {
        const stream = spooled.open();
        zip.addReadStream(stream, path.replaceAll('\\', '_'), { mtime: modifiedAt });
        return Promise.race([finished(stream), written]);
      });
      last = turn.catch(() => undefined);
      try {
        await turn;
      } catch (cause) {
        throw new CommandError(EXIT.FAILED, `${location} cannot be written.`, { cause });
      } finally {
        await spooled.remove();
      }
    },
    async finish(): Promise<void> {
      zip.end();
      await written;
      await rename(partial, location);
      done = true;
    },
    async discard(): Promise<void> {
      if (done) return;
      output.destroy();
      await written.catch(() => undefined);
      await rm(partial, { force: true });
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
