import { type ErrorCode, isSynapError } from '@synap/types';
import type { ObjectStorage } from '../port.ts';

/** A store to be tried, and the way to it behind the driver's back. */
export interface StorageHarness {
  readonly storage: ObjectStorage;
  /** True if `close` leaves nothing of the store, so that the objects need not be deleted one by one before. */
  readonly disposable: boolean;
  /** Replaces the bytes of an object, keeping what is stored beside them, as a failing disk would. */
  corrupt(key: string, bytes: Uint8Array): Promise<void>;
  /** Closes everything but the storage itself. */
  close(): Promise<void>;
}

/** What the tests of one run share. The storage is there only once they run, hence the functions. */
export interface Suite {
  readonly store: () => ObjectStorage;
  readonly corrupt: StorageHarness['corrupt'];
  /** A key that nobody used, ending as told; `note.md` if not told. */
  readonly fresh: (file?: string) => string;
}

/** For a store on another machine, or under a debugger. In milliseconds. */
export const SLOW_MS = 60_000;

export async function codeOf(work: Promise<unknown>): Promise<ErrorCode | 'fulfilled'> {
  try {
    await work;
    return 'fulfilled';
  } catch (error) {
    if (isSynapError(error)) return error.code;
    throw error;
  }
}

export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function* pieces(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

export async function keysOf(storage: ObjectStorage, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list(prefix)) keys.push(key);
  return keys;
}

/** Runs `work` on every item, 16 at a time. */
export async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
