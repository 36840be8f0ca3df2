import { Link } from 'wouter';
import { titleOf } from '../list/title.ts';
import { Failed } from '../ui/states.tsx';
import { type Neighbour, useNeighbours } from './queries.ts';

/** How a relation reads, from here to there and from there to here. */
const RELATIONS = {
  contains: { to: 'Contains', from: 'Part of' },
  relates_to: { to: 'Related to', from: 'Related to' },
  blocks: { to: 'Blocks', from: 'Blocked by' },
  duplicates: { to: 'Duplicates', from: 'Duplicated by' },
  mentions: { to: 'Links to', from: 'Linked from' },
  derived_from: { to: 'Derived from', from: 'Source of' },
} as const satisfies Record<Neighbour['type'], Record<Neighbour['direction'], string>>;

/** What leads here, and where this leads. */
export function Neighbours({ id }: { readonly id: string }) {
  const { data, isLoadingError, error, refetch } = useNeighbours(id);
  if (isLoadingError) return <Failed error={error} retry={() => void refetch()} />;
  if (!data || data.items.length === 0) return null;
  const groups = Map.groupBy(data.items, ({ type, direction }) => RELATIONS[type][direction]);
  // What leads here is what the text does not show.
  const ordered = [...groups].sort(([a], [b]) => Number(b === 'Linked from') - Number(a === 'Linked from'));
  return (
    <aside className="neighbours" aria-label="Related">
      {ordered.map(([label, items]) => (
        <section key={label}>
          <h2>
            {label} <span className="soft">{items.length}</span>
          </h2>
          <ul>
            {items.map(({ entity }) => (
              <li key={entity.id}>
                <Link href={`/notes/${entity.id}`} dir="auto">
                  {titleOf(entity)}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {data.more && <p className="soft">There are more than are shown here.</p>}
    </aside>
  );
}
