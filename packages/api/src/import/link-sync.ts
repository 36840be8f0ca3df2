import { foldPath, inParallel, type Link, linksOf, nameOf, namesOfLink, resolveLink } from '@initiativ/core';
import type { KnownOrigin, LinkTarget, OriginReader } from '@synap/database';
import type { ObjectStorage } from '@synap/storage';
import {
  type Checksum,
  type CorrelationId,
  type EntityId,
  EventSource,
  FileType,
  isSynapError,
  RelationType,
  type StorageKey,
  type UserId,
} from '@synap/types';
import type { RelationWriter } from '../storage/relations.ts';

/** Files that are looked at together. */
const PAGE = 200;
/** Contents in memory at once. */
const READERS = 8;
/** Relations on their way at once: about a group of the committer. */
const WRITERS = 64;
/** Different targets of one note; nobody writes more. */
const MAX_TARGETS = 10_000;
/** Links without a target that are told by name. */
const MAX_MISSING = 100;

export interface LinkReport {
  readonly links: {
    /** Pairs of a note and what it links to. */
    readonly resolved: number;
    /** Pairs of a note and a target that is not there. */
    readonly missing: number;
    readonly created: number;
    readonly removed: number;
  };
  /** The first of those that are missing. */
  readonly missing: readonly { readonly path: string; readonly target: string }[];
  /** Notes whose content the store has lost or changed: their relations are left as they are. */
  readonly unread: readonly string[];
  /** Where to go on; null when all is done. */
  readonly nextCursor: string | null;
}

interface Note {
  readonly entityId: EntityId;
  readonly path: string;
  readonly links: readonly Link[];
}

export interface LinkSyncParts {
  readonly objects: ObjectStorage;
  readonly origins: OriginReader;
  readonly relations: RelationWriter;
}

/**
 * Makes `mentions` of the links of all notes of a source, and takes back those that an import made and whose link is
 * gone. What a person related stays. Page by page, so that memory is bounded; to do it again changes nothing.
 */
export class LinkSync {
  readonly #parts: LinkSyncParts;

  constructor(parts: LinkSyncParts) {
    this.#parts = parts;
  }

  /**
   * @param query.cursor of the report before
   * @param query.limit how many files to look at; all that are left if absent
   */
  async run(
    userId: UserId,
    source: string,
    query: { cursor?: string; limit?: number },
    options: { correlationId?: CorrelationId } = {},
  ): Promise<LinkReport> {
    const total = { resolved: 0, missing: 0, created: 0, removed: 0 };
    const missing: { path: string; target: string }[] = [];
    const unread: string[] = [];
    let after = query.cursor;
    for (let left = query.limit ?? Infinity; left > 0; ) {
      const limit = Math.min(left, PAGE);
      const files = await this.#parts.origins.list(userId, source, { ...(after !== undefined && { after }), limit });
      const page = await this.#page(userId, source, files, options);
      total.resolved += page.resolved;
      total.missing += page.missing.length;
      total.created += page.created;
      total.removed += page.removed;
      missing.push(...page.missing.slice(0, MAX_MISSING - missing.length));
      unread.push(...page.unread);
      left -= files.length;
      after = files.at(-1)?.path;
      if (files.length < limit) return { links: total, missing, unread, nextCursor: null };
    }
    return { links: total, missing, unread, nextCursor: after ?? null };
  }

  async #page(
    userId: UserId,
    source: string,
    files: readonly KnownOrigin[],
    options: { correlationId?: CorrelationId },
  ) {
    const { notes, unread } = await this.#notes(files);
    const names = new Set(notes.flatMap((note) => note.links.flatMap(namesOfLink)));
    const candidates = byName(await this.#parts.origins.named(userId, [...names], source));
    const wanted = new Map<EntityId, Set<EntityId>>();
    const missing: { path: string; target: string }[] = [];
    let resolved = 0;
    for (const { entityId, path, links } of notes) {
      const targets = new Set<EntityId>();
      for (const link of links) {
        const found = resolveLink(link, path, candidatesOf(link, candidates));
        if (!found) missing.push({ path, target: link.target });
        else if (found.entityId !== entityId) targets.add(found.entityId);
      }
      wanted.set(entityId, targets);
      resolved += targets.size;
    }
    return { resolved, missing, unread, ...(await this.#write(userId, wanted, options)) };
  }

  /** The notes among the files, each with its links to other files, every target once. */
  async #notes(files: readonly KnownOrigin[]): Promise<{ notes: Note[]; unread: string[] }> {
    const notes: Note[] = [];
    const unread: string[] = [];
    await inParallel(files, READERS, async ({ entityId, path, key, fileType, deleted, entityChecksum }) => {
      if (key === null || deleted || entityChecksum === null || fileType !== FileType.MARKDOWN) return;
      const bytes = await this.#read(key, entityChecksum);
      if (!bytes) {
        unread.push(path);
        return;
      }
      const links = new Map<string, Link>();
      for (const link of linksOf(bytes.toString())) {
        if (links.size === MAX_TARGETS) break;
        if (namesOfLink(link).length > 0) links.set(`${link.kind}:${foldPath(link.target)}`, link);
      }
      notes.push({ entityId, path, links: [...links.values()] });
    });
    return { notes, unread };
  }

  /** Undefined for an object that is lost or damaged, which is no reason to leave the other notes without their links. */
  async #read(key: StorageKey, checksum: Checksum): Promise<Buffer | undefined> {
    try {
      return await this.#parts.objects.downloadBuffer(key, { checksum });
    } catch (error) {
      if (isSynapError(error, 'CHECKSUM_MISMATCH', 'OBJECT_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  async #write(
    userId: UserId,
    wanted: ReadonlyMap<EntityId, ReadonlySet<EntityId>>,
    { correlationId }: { correlationId?: CorrelationId },
  ) {
    const options = { source: EventSource.SYNC, ...(correlationId && { correlationId }) };
    const there = wanted.size === 0 ? [] : await this.#parts.origins.mentions(userId, [...wanted.keys()]);
    const unlinked = there.filter((one) => !wanted.get(one.sourceId)?.has(one.targetId));
    const positions = unlinked.map((one) => one.position);
    const imported = new Set(await this.#parts.origins.positionsBy(userId, positions, EventSource.SYNC));
    const gone = unlinked.filter((one) => imported.has(one.position));
    const known = new Set(there.map((one) => `${one.sourceId} ${one.targetId}`));
    const fresh = [...wanted].flatMap(([sourceId, targets]) =>
      [...targets]
        .filter((targetId) => !known.has(`${sourceId} ${targetId}`))
        .map((targetId) => ({ userId, sourceId, targetId, type: RelationType.MENTIONS })),
    );
    await inParallel(gone, WRITERS, ({ id }) => this.#parts.relations.delete(id, userId, options));
    await inParallel(fresh, WRITERS, (relation) => this.#parts.relations.createKnown(relation, options));
    return { created: fresh.length, removed: gone.length };
  }
}

/** Files by the last part of their paths, folded. */
export function byName(targets: readonly LinkTarget[]): Map<string, (LinkTarget & { path: string })[]> {
  const names = new Map<string, (LinkTarget & { path: string })[]>();
  for (const target of targets) {
    const { path } = target;
    if (path === null) continue;
    const name = foldPath(nameOf(path));
    const same = names.get(name);
    if (same) same.push({ ...target, path });
    else names.set(name, [{ ...target, path }]);
  }
  return names;
}

export function candidatesOf<File>(link: Link, files: ReadonlyMap<string, readonly File[]>): File[] {
  return namesOfLink(link).flatMap((name) => files.get(foldPath(name)) ?? []);
}
