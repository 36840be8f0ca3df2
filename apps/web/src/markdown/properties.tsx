import { frontMatter } from './front-matter.ts';

/** The front matter of a note, as a small table. */
export function Properties({ source }: { readonly source: string }) {
  const properties = frontMatter(source);
  if (properties.length === 0) return null;
  return (
    <details className="properties">
      <summary>Properties</summary>
      <dl>
        {properties.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
