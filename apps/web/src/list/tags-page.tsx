import { useState } from 'react';
import { Link } from 'wouter';
import { Page } from '../shell/page.tsx';
import { plural } from '../ui/format.ts';
import { Empty, Failed, Loading } from '../ui/states.tsx';
import { tagHref } from './tags.tsx';
import { useTags } from './use-tags.ts';

export function TagsPage() {
  const tags = useTags();
  const [filter, setFilter] = useState('');
  const shown = tags.data?.filter(({ name }) => name.toLowerCase().includes(filter.trim().toLowerCase())) ?? [];
  return (
    <Page title="Tags">
      <h1>Tags</h1>
      {tags.isPending && <Loading />}
      {tags.isLoadingError && <Failed error={tags.error} retry={() => void tags.refetch()} />}
      {tags.data?.length === 0 && (
        <Empty>
          <p>No tags yet. Give a note some when you edit it.</p>
        </Empty>
      )}
      {tags.data && tags.data.length > 0 && (
        <>
          <label className="field">
            <span>Filter {plural(tags.data.length, 'tag')}</span>
            <input type="search" value={filter} onChange={(event) => setFilter(event.target.value)} />
          </label>
          <ul className="tag-cloud">
            {shown.map(({ name, count }) => (
              <li key={name}>
                <Link href={tagHref(name)} className="tag" data-list-link>
                  #{name} <span className="soft">{count}</span>
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </Page>
  );
}
