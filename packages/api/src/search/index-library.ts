import { ANALYZER_VERSION } from '@initiativ/core';
import { type Database, indexEntities, selectUnindexed, type Unindexed } from '@synap/database';
import type { ObjectStorage } from '@synap/storage';
import { type EntityId, isSynapError } from '@synap/types';
import { indexAll } from '../storage/indexing.ts';

export interface IndexOptions {
  /** True: every entity, however it is indexed. Default: those that are not, or by an older analysis. */
  readonly all?: boolean;
  /** Ends the work after the step that is under way. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

/** Entities that are looked for at once. */
const PAGE = 200;
/** What is written at once, while nobody else writes: entities, and bytes of their content. */
const MAX_GROUP = 16;
const MAX_GROUP_BYTES = 256 * 1024;

/**
 * Makes the search index of all users anew from what they wrote, in small steps between which others write and search.
 * An entity whose content the store has lost is found by its title.
 * @returns how many entities were indexed
 */
export async function indexLibrary(
  database: Database,
  objects: ObjectStorage,
  options: IndexOptions = {},
): Promise<number> {
  let done = 0;
  for (;;) {
    const before = done;
    for await (const group of groups(database, options.all === true)) {
      if (options.signal?.aborted) return done;
      await indexEntities(database, await Promise.all(group.map((entity) => indexed(objects, entity))));
      done += group.length;
      options.onProgress?.(done);
    }
    // What was changed between look and write was left out, and may have no rows yet: until nothing is left.
    if (options.all || done === before) return done;
  }
}

async function* groups(database: Database, all: boolean): AsyncGenerator<Unindexed[]> {
  let after: EntityId | undefined;
  for (;;) {
    const page = await selectUnindexed(database, {
      limit: PAGE,
      ...(!all && { analyzer: ANALYZER_VERSION }),
      ...(after && { after }),
    });
    yield* groupsOf(page);
    after = page.at(-1)?.id;
    if (!after) return;
  }
}

function* groupsOf(entities: readonly Unindexed[]): Generator<Unindexed[]> {
  let group: Unindexed[] = [];
  let bytes = 0;
  for (const entity of entities) {
    const size = entity.fileType === 'markdown' ? (entity.fileSize ?? 0) : 0;
    if (group.length > 0 && (group.length === MAX_GROUP || bytes + size > MAX_GROUP_BYTES)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(entity);
    bytes += size;
  }
  if (group.length > 0) yield group;
}

async function indexed(objects: ObjectStorage, entity: Unindexed) {
  const { id, version } = entity;
  try {
    return { id, version, index: await indexAll(objects, entity) };
  } catch (error) {
    // `verify` tells of the loss; here it must not keep the rest from being found.
    if (!isSynapError(error, 'OBJECT_NOT_FOUND', 'CHECKSUM_MISMATCH')) throw error;
    return { id, version, index: await indexAll(objects, { ...entity, key: null }) };
  }
}
