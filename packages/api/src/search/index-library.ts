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
  /** Told of an entity whose content cannot be indexed, and why. It is found by its heading alone. */
  readonly onFailure?: (id: EntityId, error: unknown) => void;
}

/** Entities that are looked for at once. */
const PAGE = 200;
/** What is written at once, while nobody else writes: entities, and bytes of their content. */
const MAX_GROUP = 16;
const MAX_GROUP_BYTES = 256 * 1024;

/**
 * Makes the search index of all users anew from what they wrote, in small steps between which others write and search.
 * An entity whose content is lost, damaged or refused is found by its title, and keeps none of the others from it.
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
      done += await indexGroup(database, objects, group, options.onFailure);
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

/** @returns how many entities have rows now */
async function indexGroup(
  database: Database,
  objects: ObjectStorage,
  group: readonly Unindexed[],
  onFailure: IndexOptions['onFailure'],
): Promise<number> {
  try {
    await indexEntities(database, await Promise.all(group.map((entity) => indexed(objects, entity))));
    return group.length;
  } catch (error) {
    if (!isOfOne(error)) throw error;
  }
  // One of them, and nobody can say which.
  let done = 0;
  for (const entity of group) if (await indexAlone(database, objects, entity, onFailure)) done++;
  return done;
}

/** With its content, or else by its heading. False if it cannot even be that; it comes again at the next start. */
async function indexAlone(
  database: Database,
  objects: ObjectStorage,
  entity: Unindexed,
  onFailure: IndexOptions['onFailure'],
): Promise<boolean> {
  for (const tried of [entity, { ...entity, key: null }]) {
    try {
      await indexEntities(database, [await indexed(objects, tried)]);
      return true;
    } catch (error) {
      if (!isOfOne(error)) throw error;
      onFailure?.(entity.id, error);
    }
  }
  return false;
}

/** Whether the database refused what it was given, and does work otherwise. */
function isOfOne(error: unknown): boolean {
  return isSynapError(error, 'DATABASE_FAILED', 'INVALID_TEXT', 'VALIDATION_FAILED');
}

async function indexed(objects: ObjectStorage, entity: Unindexed) {
  return { id: entity.id, version: entity.version, index: await indexAll(objects, entity) };
}
