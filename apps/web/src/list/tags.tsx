import { Link } from 'wouter';

export function tagHref(tag: string): string {
  return `/tags/${encodeURIComponent(tag)}`;
}

/** The tag that an address names, which the router would decode once too often. */
export function tagOf(pathname: string): string {
  const encoded = pathname.slice('/tags/'.length);
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

export function Tags({ tags }: { readonly tags: readonly string[] }) {
  if (tags.length === 0) return null;
  return (
    <ul className="tags" aria-label="Tags">
      {tags.map((tag) => (
        <li key={tag}>
          <Link href={tagHref(tag)} className="tag">
            #{tag}
          </Link>
        </li>
      ))}
    </ul>
  );
}
