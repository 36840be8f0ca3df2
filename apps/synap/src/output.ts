import { once } from 'node:events';
import { EXIT } from './exit.ts';

/** Whether `stdout` was closed by its reader, as `head` does once it has enough. */
let readerLeft = false;

/**
 * A reader that leaves early is no fault.
 * @param stop whether the program then has nothing left to do: a command ends, a server goes on
 */
export function tolerateClosedOutput(stop: boolean): void {
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    readerLeft = true;
    if (stop) process.exit(process.exitCode ?? EXIT.DONE);
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** What a command has to say, as lines of text for a person or as JSON for a program. */
export class Output {
  readonly json: boolean;
  #progressShown = false;

  constructor(json: boolean) {
    this.json = json;
  }

  /** One JSON document on one line, with `--json` only. */
  item(value: unknown): void {
    if (this.json) this.#write(`${JSON.stringify(value)}\n`);
  }

  /** Text, without `--json` only. */
  line(text = ''): void {
    if (!this.json) this.#write(`${text}\n`);
  }

  /** Bytes as they are, whoever reads them. Resolves when there is room for more. */
  async bytes(chunk: Uint8Array): Promise<void> {
    if (readerLeft || process.stdout.write(chunk)) return;
    await once(process.stdout, 'drain');
  }

  /** Replaces the line before it; shown only to a person at a terminal. */
  progress(text: string): void {
    if (!process.stderr.isTTY) return;
    this.#progressShown = true;
    process.stderr.write(`\r\u001b[2K${text}`);
  }

  endProgress(): void {
    if (this.#progressShown) process.stderr.write('\r\u001b[2K');
    this.#progressShown = false;
  }

  /** A word to the person at the terminal that is not the command's result. */
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  #write(text: string): void {
    this.endProgress();
    if (!readerLeft) process.stdout.write(text);
  }
}

/** Control characters of stored text would otherwise act on the terminal that shows it. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is replaced here
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
