import type { EntityId, EntityType, UserId } from '@synap/types';
import type { Database } from '../connection/port.ts';

/** A term, or how terms begin. */
export interface SearchForm {
  readonly term: string;
  readonly prefix: boolean;
}

/** Matches what has one of the forms. */
export interface SearchTerm {
  readonly forms: readonly SearchForm[];
}

/** The words side by side. */
type SearchPhrase = readonly SearchTerm[];

export interface SearchFilter {
  readonly types?: readonly EntityType[];
  /** All of them. */
  readonly tags?: readonly string[];
  /** Changed at this instant or later. */
  readonly after?: Date;
  /** Changed before this instant. */
  readonly before?: Date;
}

export interface SearchRequest {
  readonly query: {
    readonly terms: readonly SearchTerm[];
    readonly required: readonly SearchPhrase[];
    readonly excluded: readonly SearchPhrase[];
    readonly title: SearchPhrase;
  };
  readonly filter?: SearchFilter;
  readonly limit: number;
  /** Whether to tell what each score is made of. */
  readonly explain?: boolean;
}

/** What one term adds to a score. */
export interface MatchPart {
  /** Which term of the request, from 1; 0 for all as a title. */
  readonly n: number;
  readonly field: 'content' | 'heading' | 'title';
  readonly frequency: number;
  readonly idf: number;
  readonly score: number;
}

export interface Match {
  readonly id: EntityId;
  readonly score: number;
  readonly parts?: readonly MatchPart[];
}

const SEARCH_SQL = `
  SELECT entity_id, score, parts
  FROM search_entities($1, $2, $3, $4, $5, $6, $7, $8, $9::timestamptz, $10::timestamptz, $11, $12)`;

/** What a user has that matches, best first. Deleted entities match nothing. */
export async function searchEntities(database: Database, userId: UserId, request: SearchRequest): Promise<Match[]> {
  const { query, filter = {}, limit, explain = false } = request;
  if (query.terms.length === 0) return [];
  const params = [
    query.terms.map((term) => alternatives(term)),
    query.terms.map((term) => term.forms.length),
    query.required.map((phrase) => adjacent(phrase)),
    query.excluded.map((phrase) => adjacent(phrase)),
    adjacent(query.title, 'A'),
    query.title.length,
    filter.types ?? null,
    filter.tags ?? null,
    filter.after?.toISOString() ?? null,
    filter.before?.toISOString() ?? null,
    limit,
    explain,
  ];
  const [rows = []] = await database.transaction({ role: 'app', userId }, [{ sql: SEARCH_SQL, params }]);
  return rows.map((row) => ({
    id: row.entity_id as EntityId,
    score: Number(row.score),
    ...(explain && { parts: row.parts as MatchPart[] }),
  }));
}

/** PostgreSQL's spelling of a tsquery. The lexemes are taken as they are, whatever is in them. */
function alternatives({ forms }: SearchTerm, weight = ''): string {
  const spelled = forms.map(({ term, prefix }) => {
    const flags = `${prefix ? '*' : ''}${weight}`;
    return `'${term.replace(/['\\]/g, '$&$&')}'${flags === '' ? '' : `:${flags}`}`;
  });
  return spelled.length === 1 ? spelled.join('') : `(${spelled.join(' | ')})`;
}

function adjacent(phrase: SearchPhrase, weight?: string): string {
  return phrase.map((term) => alternatives(term, weight)).join(' <-> ');
}
