import { Writable } from 'node:stream';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from './config.ts';

export type { Logger };

const STDERR = 2;

/** pino's numbers for its levels, as a person reads them. */
const NAMES: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

interface Line {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
}

/** A log line for a person: time, level, message, and the error with its stack where there is one. */
export function humanLine(json: string): string {
  const { level, time, msg = '', err, ...rest } = JSON.parse(json) as Line;
  const fields = Object.entries(rest).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const clock = new Date(time).toISOString().slice(11, 23);
  const stack = err ? `\n${err.stack ?? err.message ?? ''}` : '';
  return `${clock} ${(NAMES[level] ?? String(level)).padEnd(5)} ${msg}${fields.join('')}${stack}\n`;
}

function human(): DestinationStream {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      process.stderr.write(humanLine(chunk.toString()));
      done();
    },
  });
}

/**
 * The server's log on stderr: JSON, or plain lines and only what matters where a person is watching. Lines are written
 * before the call returns, so that the last ones before a crash are there.
 */
export function createLog(level: LogLevel | undefined): Logger {
  const options = { base: null, level: level ?? (process.stderr.isTTY ? 'warn' : 'info') };
  return process.stderr.isTTY ? pino(options, human()) : pino(options, pino.destination({ dest: STDERR, sync: true }));
}
