import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseQuery, type SearchQuery, snippetOf } from '@initiativ/core';
import type { EntityReader, EntityRecord, Match, SearchFilter, SearchRequest } from '@synap/database';
import { type Entity, FileType, isSynapError, type UserId } from '@synap/types';
import type { TextCache } from './text-cache.ts';

export interface SearchOptions extends SearchFilter {
  /** As people write it: words, `"phrases"`, `-exclusions`. */
  readonly query: string;
  /** Whether the last word is still being typed. */
  readonly prefix?: boolean;
  /** 1 to 100. Default 10. */
  readonly limit?: number;
  /** Whether to tell what each score is made of. */
  readonly explain?: boolean;
}

/** What one searched word adds to a score. */
export interface Explanation {
  /** The word, folded; the whole query for the field `title`. */
  readonly term: string;
  readonly field: 'content' | 'heading' | 'title';
  readonly frequency: number;
  readonly idf: number;
  readonly score: number;
}

export interface Found {
  readonly entity: Entity;
  /** The higher, the better; of no meaning beside another query's. */
  readonly score: number;
  /** Plain text of the content. */
  readonly snippet: string;
  /** What of the snippet was searched: UTF-16 offsets, in order. */
  readonly highlights: readonly { readonly start: number; readonly end: number }[];
  readonly matchedBy: readonly 'text'[];
  readonly explain?: readonly Explanation[];
}

export interface EntitySearchParts {
  readonly entities: Pick<EntityReader, 'getMany'>;
  readonly find: (userId: UserId, request: SearchRequest) => Promise<Match[]>;
  readonly texts: TextCache;
}

const LIMIT = 10;

/** Finds a user's entities by the words in them. */
export class EntitySearch {
  readonly #parts: EntitySearchParts;

  constructor(parts: EntitySearchParts) {
    this.#parts = parts;
  }

  /** Best first. Any text is a query; one without a word finds nothing. */
  async search(userId: UserId, options: SearchOptions): Promise<{ items: Found[] }> {
    const { query: text, prefix = false, limit = LIMIT, explain = false, ...filter } = options;
    const query = parseQuery(text, { prefix });
    const matches = await this.#parts.find(userId, { query, filter, limit, explain });
    if (matches.length === 0) return { items: [] };
    const records = await this.#parts.entities.getMany(
      userId,
      matches.map((match) => match.id),
    );
    const byId = new Map(records.map((record) => [record.entity.id, record]));
    const items: Found[] = [];
    for (const match of matches) {
      const record = byId.get(match.id);
      // Deleted between the two looks.
      if (!record || record.entity.deletedAt !== null) continue;
      items.push(await this.#found(record, match, query));
      await nextTurn();
    }
    return { items };
  }

  async #found(record: EntityRecord, { score, parts }: Match, query: SearchQuery): Promise<Found> {
    const { entity } = record;
    const { text: snippet, highlights } = snippetOf(await this.#textOf(record), query);
    const explain = parts?.map(({ n, ...part }) => ({
      term: query.terms[n - 1]?.word ?? query.title.map(({ word }) => word).join(' '),
      ...part,
    }));
    return { entity, score, snippet, highlights, matchedBy: ['text'], ...(explain && { explain }) };
  }

  /** What the snippet is taken from; what a lost or damaged content leaves is its preview. */
  async #textOf({ entity, key }: EntityRecord): Promise<string> {
    if (key === null || entity.fileType !== FileType.MARKDOWN) return entity.preview;
    try {
      return await this.#parts.texts.read(key);
    } catch (error) {
      // To have found it is worth more than to show where; whoever opens it is told what is wrong with its content.
      if (isSynapError(error, 'OBJECT_NOT_FOUND', 'CHECKSUM_MISMATCH')) return entity.preview;
      throw error;
    }
  }
}
