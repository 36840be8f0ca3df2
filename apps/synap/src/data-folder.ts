import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SynapError } from '@synap/types';
import { z } from 'zod';

const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;

const serverFileSchema = z.object({ pid: z.int().positive(), url: z.url() });
/** Where a running server left word of itself, for the command line on this machine. */
export type ServerFile = z.infer<typeof serverFileSchema>;

/** What Synap keeps beside the stores in its data folder. Everything in it is for its owner's eyes only. */
export class DataFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Where the `fs` driver keeps its objects. */
  get objects(): string {
    return join(this.path, 'objects');
  }

  /** Whether an embedded database was made here. */
  get hasDatabase(): boolean {
    return existsSync(join(this.path, 'database'));
  }

  /** @throws {SynapError} `CONFIGURATION_INVALID` if the folder cannot be made or written to */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      await access(this.path, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (cause) {
      const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
      throw new SynapError(
        'CONFIGURATION_INVALID',
        `The data folder ${this.path} cannot be used${reason}. Choose another with --data or SYNAP_DATA.`,
        { cause },
      );
    }
  }

  /** The secret that signs addresses of files: made once, kept with mode 600. */
  async secret(): Promise<string> {
    return (await this.#read('secret')) ?? this.#writeOnce('secret', randomBytes(SECRET_BYTES).toString('base64url'));
  }

  ownerKey(): Promise<string | undefined> {
    return this.#read('owner-key');
  }

  /** Keeps the key, or gives the one that is kept already. */
  keepOwnerKey(key: string): string {
    return this.#writeOnce('owner-key', key);
  }

  /** Undefined if no server runs here, as far as the folder knows. */
  async server(): Promise<ServerFile | undefined> {
    const text = await this.#read('server.json');
    if (text === undefined) return undefined;
    const file = serverFileSchema.safeParse(jsonOf(text)).data;
    return file && isAlive(file.pid) ? file : undefined;
  }

  announceServer(server: ServerFile): void {
    const temporary = join(this.path, `server.json.${process.pid}`);
    writeDurably(temporary, `${JSON.stringify(server)}\n`, 'w');
    renameSync(temporary, join(this.path, 'server.json'));
  }

  /** Takes the word back, unless another server has put its own there meanwhile. */
  async withdrawServer(): Promise<void> {
    const text = await this.#read('server.json');
    const file = serverFileSchema.safeParse(jsonOf(text ?? '')).data;
    if (file?.pid === process.pid) rmSync(join(this.path, 'server.json'), { force: true });
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      const text = (await readFile(join(this.path, name), 'utf8')).trim();
      return text === '' ? undefined : text;
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
        return undefined;
      }
      throw new SynapError('CONFIGURATION_INVALID', `The file ${join(this.path, name)} cannot be read.`, {
        cause: error,
      });
    }
  }

  /** Either the whole file is there or none, and two processes that write at once go on with the same text. */
  #writeOnce(name: string, text: string): string {
    const temporary = join(this.path, `${name}.${process.pid}`);
    const file = join(this.path, name);
    writeDurably(temporary, `${text}\n`, 'w');
    try {
      linkSync(temporary, file);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const kept = readFileSync(file, 'utf8').trim();
      if (kept !== '') return kept;
      renameSync(temporary, file);
    } finally {
      rmSync(temporary, { force: true });
    }
    syncFolder(this.path);
    return text;
  }
}

function writeDurably(path: string, text: string, flags: string): void {
  const descriptor = openSync(path, flags, OWNER_ONLY);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A half-written or edited file says nothing of a server; that is what an absent one says as well.
    return undefined;
  }
}

/** Signal 0 asks whether a process is there; `EPERM` says that it is, and another user's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
