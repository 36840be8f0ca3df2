import { useMemo } from 'react';
import { plural } from '../ui/format.ts';
import { Scrollable } from '../ui/scrollable.tsx';
import { type Block, compare, type Line } from './diff-model.ts';

export interface DifferenceProps {
  readonly before: string;
  readonly after: string;
}

const SIGNS = { same: ' ', added: '+', removed: '−' } as const;
const SPOKEN = { same: null, added: 'Added: ', removed: 'Removed: ' } as const;

/** What changed between two texts. Signs, strokes and words tell it as well as colours. */
export function Difference({ before, after }: DifferenceProps) {
  const comparison = useMemo(() => compare(before, after), [before, after]);
  if (!comparison) return <p className="notice">These two differ so much that they are not compared.</p>;
  const { blocks, added, removed } = comparison;
  if (added + removed === 0) return <p className="soft">The text is the same.</p>;
  return (
    <section aria-label="Difference">
      <p className="soft">
        {plural(added, 'line')} added, {plural(removed, 'line')} removed
      </p>
      <Scrollable label="Changed lines" className="diff">
        {keyed(blocks).map(({ key, item }) => (
          <BlockView key={key} block={item} />
        ))}
      </Scrollable>
    </section>
  );
}

/** A block, a line, a piece is known by its place; nothing moves. */
function keyed<Item>(items: readonly Item[]): { key: string; item: Item }[] {
  return items.map((item, index) => ({ key: String(index), item }));
}

function BlockView({ block }: { readonly block: Block }) {
  const lines = keyed(block.lines).map(({ key, item }) => <LineView key={key} line={item} />);
  if (block.type === 'lines') return lines;
  return (
    <details>
      <summary>{plural(block.lines.length, 'line')} unchanged</summary>
      {lines}
    </details>
  );
}

function LineView({ line: { kind, pieces } }: { readonly line: Line }) {
  return (
    <div className={`diff-line ${kind}`}>
      <span className="diff-sign" aria-hidden="true">
        {SIGNS[kind]}
      </span>
      {SPOKEN[kind] && <span className="hidden">{SPOKEN[kind]}</span>}
      <span className="diff-text">
        {keyed(pieces).map(({ key, item }) => {
          if (pieces.length === 1 || item.kind === 'same') return <span key={key}>{item.text}</span>;
          return item.kind === 'added' ? <ins key={key}>{item.text}</ins> : <del key={key}>{item.text}</del>;
        })}
      </span>
    </div>
  );
}
