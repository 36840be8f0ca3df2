import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useSearchParams } from 'wouter';
import { api, type EntityType, type SearchItem } from '../api/client.ts';
import { EntityCard, TYPE_LABELS } from '../list/entity-card.tsx';
import { useTags } from '../list/use-tags.ts';
import { Page } from '../shell/page.tsx';
import { plural } from '../ui/format.ts';
import { Empty, Failed, Loading } from '../ui/states.tsx';
import { type Since, segments, sinceOf, startOf, toggled, withSince } from './search-params.ts';

const DEBOUNCE_MS = 120;
const PAGE = 30;
const MOST = 100;

const TYPES = Object.keys(TYPE_LABELS) as EntityType[];

const SINCE_LABELS = {
  week: 'Past week',
  month: 'Past month',
  year: 'Past year',
} as const satisfies Record<Since, string>;

/** `value` as it is once it has not changed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

export function SearchPage() {
  const [params, setParams] = useSearchParams();
  const query = useSettled((params.get('q') ?? '').trim());
  const types = TYPES.filter((type) => params.getAll('type').includes(type));
  const tags = params.getAll('tag');
  const [limit, setLimit] = useState(PAGE);
  const since = sinceOf(params);
  const asked = { query, types, tags, since, limit };

  const search = useQuery({
    queryKey: ['search', asked],
    // A question that was overtaken is ended, and its answer can come too late for nothing: the key says whose it is.
    queryFn: ({ signal }) =>
      api.search.query.query(
        {
          query,
          mode: 'text',
          prefix: true,
          limit,
          ...(types.length > 0 && { types }),
          ...(tags.length > 0 && { tags }),
          ...(since && { after: startOf(since, Date.now()) }),
        },
        { signal },
      ),
    enabled: query !== '',
    placeholderData: keepPreviousData,
  });
  const items = query === '' ? [] : (search.data?.items ?? []);

  return (
    <Page title={query === '' ? 'Search' : `${query} · Search`}>
      <h1 className="hidden">Search</h1>
      <Filters params={params} change={(next) => setParams(next, { replace: true })} />
      <p role="status" className="soft count">
        {query !== '' && search.isSuccess && !search.isPlaceholderData && found(items.length, limit)}
      </p>
      {query === '' && (
        <Empty>
          <p>Type above to search everything you wrote.</p>
          <p className="soft">"Quotes" are for a phrase, -word leaves out.</p>
        </Empty>
      )}
      {query !== '' && search.isPending && <Loading what="Searching…" />}
      {search.isError && <Failed error={search.error} retry={() => void search.refetch()} />}
      {query !== '' && search.isSuccess && items.length === 0 && (
        <Empty>
          <p>
            Nothing found. Try fewer or other words{(types.length + tags.length > 0 || since) && ', or fewer filters'}.
          </p>
        </Empty>
      )}
      <ol className="list" aria-label="Results" aria-busy={search.isFetching}>
        {items.map((item) => (
          <li key={item.entity.id}>
            <EntityCard entity={item.entity}>
              <Snippet item={item} />
            </EntityCard>
          </li>
        ))}
      </ol>
      {items.length >= limit && limit < MOST && (
        <button type="button" className="button more" onClick={() => setLimit(MOST)}>
          Show more
        </button>
      )}
    </Page>
  );
}

function found(count: number, limit: number): string {
  return count >= limit ? `The best ${plural(count, 'result')}` : plural(count, 'result');
}

function Snippet({ item: { snippet, highlights } }: { readonly item: SearchItem }) {
  return segments(snippet, highlights).map(({ text, hit, start }) =>
    hit ? <mark key={start}>{text}</mark> : <span key={start}>{text}</span>,
  );
}

interface FiltersProps {
  readonly params: URLSearchParams;
  readonly change: (next: URLSearchParams) => void;
}

function Filters({ params, change }: FiltersProps) {
  const tags = useTags();
  const chosen = params.getAll('tag');
  return (
    <div className="filters">
      <fieldset className="chips">
        <legend className="hidden">Only these types</legend>
        {TYPES.map((type) => (
          <label key={type} className="chip">
            <input
              type="checkbox"
              checked={params.getAll('type').includes(type)}
              onChange={() => change(toggled(params, 'type', type))}
            />
            {TYPE_LABELS[type]}
          </label>
        ))}
      </fieldset>
      <div className="chips">
        <select
          aria-label="Changed"
          value={sinceOf(params) ?? ''}
          onChange={(event) => change(withSince(params, event.target.value))}
        >
          <option value="">Any time</option>
          {Object.entries(SINCE_LABELS).map(([since, label]) => (
            <option key={since} value={since}>
              {label}
            </option>
          ))}
        </select>
        {chosen.map((tag) => (
          <button key={tag} type="button" className="chip" onClick={() => change(toggled(params, 'tag', tag))}>
            #{tag} <span aria-hidden="true">✕</span>
            <span className="hidden">: remove this filter</span>
          </button>
        ))}
        {tags.data && tags.data.length > 0 && (
          <select
            aria-label="Only this tag"
            value=""
            onChange={(event) => event.target.value !== '' && change(toggled(params, 'tag', event.target.value))}
          >
            <option value="">Tag…</option>
            {tags.data
              .filter(({ name }) => !chosen.includes(name))
              .map(({ name, count }) => (
                <option key={name} value={name}>
                  {name} ({count})
                </option>
              ))}
          </select>
        )}
      </div>
    </div>
  );
}
