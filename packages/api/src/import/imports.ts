import {
  foldPath,
  type IStorage,
  importPath,
  type KnownFile,
  type ListedFile,
  linksOf,
  namesOfLink,
  type PlannedFile,
  planImport,
  resolveLink,
} from '@initiativ/core';
import type { KnownOrigin, OriginReader } from '@synap/database';
import type { ObjectStorage } from '@synap/storage';
import { type CorrelationId, type EntityId, FileType, type UserId } from '@synap/types';
import type { FileStore } from '../files/file-store.ts';
import type { StorageParts } from '../storage/parts.ts';
import { RelationWriter } from '../storage/relations.ts';
import { FileImport, type FileToImport, type ImportedFile } from './file-import.ts';
import { byName, candidatesOf, type LinkReport, LinkSync } from './link-sync.ts';

const PAGE = 1_000;
/** Links of one note that are told; nobody reads more. */
const MAX_LINKS = 10_000;

export interface ResolvedLink {
  /** As it is written, decoded. */
  readonly target: string;
  readonly heading: string | null;
  readonly alias: string | null;
  readonly embed: boolean;
  readonly kind: 'wiki' | 'markdown';
  /** Null if there is nothing that it leads to. */
  readonly entityId: EntityId | null;
  readonly fileType: FileType | null;
}

export interface ImportParts extends Pick<StorageParts, 'events' | 'entities' | 'relations' | 'findByIdempotencyKey'> {
  readonly storage: IStorage;
  readonly objects: ObjectStorage;
  readonly origins: OriginReader;
  readonly files: FileStore;
}

type WriteContext = { readonly correlationId?: CorrelationId };

/**
 * Files of a person's own folders and archives as entities. Whoever imports holds no state here: what is known of a
 * source can be asked, and everything may be repeated.
 */
export class Imports {
  readonly #parts: ImportParts;
  readonly #files: FileImport;
  readonly #links: LinkSync;

  constructor(parts: ImportParts) {
    this.#parts = parts;
    this.#files = new FileImport(parts.storage, parts.files, parts.origins);
    const { objects, origins } = parts;
    this.#links = new LinkSync({ objects, origins, relations: new RelationWriter(parts) });
  }

  /** What a source holds, by path, bytewise, in pages; deleted entities too. */
  async known(
    userId: UserId,
    source: string,
    query: { cursor?: string; limit?: number },
  ): Promise<{ items: KnownFile[]; nextCursor: string | null }> {
    const { cursor: after, limit = PAGE } = query;
    const rows = await this.#parts.origins.list(userId, source, { ...(after !== undefined && { after }), limit });
    return { items: rows.map(knownFile), nextCursor: rows.length < limit ? null : (rows.at(-1)?.path ?? null) };
  }

  /**
   * What would become of each file, without doing anything.
   * @param complete whether these are all files of the source, which is what tells that a file was moved
   */
  async plan(userId: UserId, source: string, files: readonly ListedFile[], complete: boolean): Promise<PlannedFile[]> {
    if (!complete) {
      const paths = files.flatMap((file) => importPath(file.path) ?? []);
      const known = await this.#parts.origins.atPaths(userId, source, paths);
      return planImport(files, known.map(knownFile), false);
    }
    const all: KnownFile[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await this.known(userId, source, cursor === undefined ? {} : { cursor });
      all.push(...page.items);
      cursor = page.nextCursor;
    }
    return planImport(files, all, true);
  }

  /** @throws {SynapError} what `FileImport.run` throws */
  file(userId: UserId, file: FileToImport, write: WriteContext): Promise<ImportedFile> {
    return this.#files.run(userId, file, write);
  }

  /** Relations from the links of everything in the source, or of a page of it. */
  finish(
    userId: UserId,
    source: string,
    query: { cursor?: string; limit?: number },
    write: WriteContext,
  ): Promise<LinkReport> {
    return this.#links.run(userId, source, query, write);
  }

  /**
   * The links of a note and where they lead: by path and file name, first in its own source, else by title.
   * @throws {SynapError} as `IStorage.getEntityContent`; what is no Markdown has no links
   */
  async links(userId: UserId, id: EntityId, version?: number): Promise<ResolvedLink[]> {
    const entity = await this.#parts.storage.getEntity(id, userId, version === undefined ? {} : { version });
    if (entity.fileType !== FileType.MARKDOWN) return [];
    const content = await this.#parts.storage.getEntityContent(id, userId, { version: entity.version });
    const links = linksOf(content).slice(0, MAX_LINKS);
    const names = [...new Set(links.flatMap(namesOfLink))];
    const named = await this.#parts.origins.named(userId, names);
    const own = byName(named.filter((target) => target.source === entity.origin?.source));
    const others = byName(named.filter((target) => target.source !== entity.origin?.source));
    const found = links.map((link) => {
      const resolve = (files: typeof own) => resolveLink(link, entity.path ?? '', candidatesOf(link, files));
      return resolve(own) ?? resolve(others);
    });
    const unresolved = links.filter((link, index) => !found[index] && link.target !== '');
    const titles = [...new Set(unresolved.map((link) => link.target.normalize('NFC')))];
    const titled = await this.#parts.origins.titled(userId, titles);
    return links.map((link, index) => {
      const { target, heading, alias, embed, kind } = link;
      const to =
        target === ''
          ? { entityId: id, fileType: entity.fileType }
          : (found[index] ?? titled.find(({ title }) => title !== null && foldPath(title) === foldPath(target)));
      return { target, heading, alias, embed, kind, entityId: to?.entityId ?? null, fileType: to?.fileType ?? null };
    });
  }
}

function knownFile({ entityId, path, checksum, entityChecksum, deleted }: KnownOrigin): KnownFile {
  return { entityId, path, checksum, entityChecksum, deleted };
}
