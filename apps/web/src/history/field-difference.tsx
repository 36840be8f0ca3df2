/** What an entity has beside its text. */
export interface Fields {
  readonly title: string | null;
  readonly tags: readonly string[];
}

export interface FieldDifferenceProps {
  readonly before: Fields;
  readonly after: Fields;
}

/** Title and tags, where they differ. */
export function FieldDifference({ before, after }: FieldDifferenceProps) {
  const rows = [
    { name: 'Title', old: before.title ?? '', now: after.title ?? '' },
    { name: 'Tags', old: tagText(before.tags), now: tagText(after.tags) },
  ].filter(({ old, now }) => old !== now);
  if (rows.length === 0) return null;
  return (
    <dl className="fields" dir="auto">
      {rows.map(({ name, old, now }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {old ? <del>{old}</del> : <span className="soft">none</span>} →{' '}
            {now ? <ins>{now}</ins> : <span className="soft">none</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function tagText(tags: readonly string[]): string {
  return tags.map((tag) => `#${tag}`).join(' ');
}
