import type { ObjectStorage } from '@synap/storage';
import type { StorageKey } from '@synap/types';
import { LRUCache } from 'lru-cache';

/** Bytes of an object that are read: what a snippet is looked for in. */
const MAX_READ = 512 * 1024;
/** Code units of all texts that are kept. */
const MAX_KEPT = 16 * 1024 * 1024;

/** The beginnings of contents, as text. An object never changes, so what was read once is right for ever. */
export class TextCache {
  readonly #objects: ObjectStorage;
  readonly #texts = new LRUCache<StorageKey, string>({
    maxSize: MAX_KEPT,
    // An entry takes room itself, even for an empty text.
    sizeCalculation: (text) => text.length + 256,
  });

  constructor(objects: ObjectStorage) {
    this.#objects = objects;
  }

  /** @throws {SynapError} what `ObjectStorage.downloadStream` throws */
  async read(key: StorageKey): Promise<string> {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = await this.#read(key);
    this.#texts.set(key, text);
    return text;
  }

  async #read(key: StorageKey): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of await this.#objects.downloadStream(key)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MAX_READ) break;
    }
    // A character that the end cuts in two becomes a replacement character, beyond all that is shown.
    return Buffer.concat(chunks).toString();
  }
}
