import { ANALYZER_VERSION, type EntityState, type EventDraft, indexChunks, indexHeading } from '@initiativ/core';
import type { IndexRows } from '@synap/database';
import type { ObjectStorage } from '@synap/storage';
import { type Checksum, FileType, isSynapError, type StorageKey } from '@synap/types';
import { type Content, textOf } from './content.ts';

/** What of an entity its index rows follow from, besides its content. */
interface Named {
  readonly title: string | null;
  readonly tags: readonly string[];
  readonly path: string | null;
}

/** Where a content is. */
interface Stored {
  readonly key: StorageKey | null;
  readonly fileType: FileType | null;
  readonly checksum: Checksum | null;
}

/**
 * What an event changes in the search index; undefined if that is nothing. A restored content that is lost or damaged
 * adds no words: the restoring itself needs none of it, and whoever reads it is told.
 * @param state before the event; null if there was nothing
 * @param content what the event brings, if it does; what is in the store already is read from there
 * @throws {SynapError} what else the store throws when a restored version's content is read
 */
export async function indexOf(
  objects: ObjectStorage,
  state: EntityState | null,
  draft: EventDraft,
  content: Content | undefined,
): Promise<IndexRows | undefined> {
  // The names of the fields are the events' own (`@synap/types`, events.ts).
  const stored = { ...pick(state), ...draft.data, ...draft.private } as Named & Stored;
  const heading = ['title', 'tags', 'path'].some((name) => Object.hasOwn(draft.private, name));
  const body = Object.hasOwn(draft.data, 'key') && (state === null || !sameContent(stored, state));
  if (!heading && !body) return undefined;
  return {
    analyzer: ANALYZER_VERSION,
    heading: indexHeading(stored),
    ...(body && {
      chunks:
        content?.chunks && content.reference.key === stored.key
          ? await content.chunks()
          : await indexChunks(await readIfThere(objects, stored)),
    }),
  };
}

/** All index rows of an entity that is there already; without words of its content if that is lost or damaged. */
export async function indexAll(objects: ObjectStorage, entity: Named & Stored): Promise<IndexRows> {
  return {
    analyzer: ANALYZER_VERSION,
    heading: indexHeading(entity),
    chunks: await indexChunks(await readIfThere(objects, entity)),
  };
}

function pick(state: EntityState | null): Partial<Named & Stored> {
  if (!state) return {};
  const { title, tags, path, key, fileType, checksum } = state;
  return { title, tags, path, key, fileType, checksum };
}

function sameContent(a: Stored, b: Stored): boolean {
  return a.checksum === b.checksum && a.fileType === b.fileType;
}

async function readIfThere(objects: ObjectStorage, stored: Stored): Promise<string | null> {
  try {
    return await read(objects, stored);
  } catch (error) {
    if (isSynapError(error, 'OBJECT_NOT_FOUND', 'CHECKSUM_MISMATCH')) return null;
    throw error;
  }
}

async function read(objects: ObjectStorage, { key, fileType, checksum }: Stored): Promise<string | null> {
  if (key === null || fileType !== FileType.MARKDOWN) return null;
  return textOf(await objects.downloadBuffer(key, checksum === null ? {} : { checksum }), fileType);
}
