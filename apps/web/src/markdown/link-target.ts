/** What the links of a note lead to, as `entities.links` tells it. */

/** How a link is written, which decides where it is looked for: `[[…]]` anywhere, `[…](…)` beside the note. */
export type LinkKind = 'wiki' | 'markdown';

export interface ResolvedLink {
  readonly target: string;
  readonly kind: LinkKind;
  readonly entityId: string | null;
  readonly fileType: string | null;
}

export type Destination =
  /** Leads out, to a web or mail address. */
  | { readonly kind: 'external'; readonly url: string }
  | { readonly kind: 'heading'; readonly heading: string }
  | { readonly kind: 'entity'; readonly id: string; readonly fileType: string | null; readonly heading: string | null }
  /** Leads nowhere yet. */
  | { readonly kind: 'missing'; readonly target: string }
  /** Must never be followed. */
  | { readonly kind: 'refused' };

const EXTERNAL = new Set(['http:', 'https:', 'mailto:']);
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The same for spellings of a target that mean the same. */
export function linkKey(kind: LinkKind, target: string): string {
  const name = target
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replace(/^(\.\/)+/, '')
    .replace(/\.md$/, '');
  return `${kind}:${name}`;
}

export type LinkIndex = ReadonlyMap<string, ResolvedLink>;

export function linkIndex(links: readonly ResolvedLink[]): LinkIndex {
  const index = new Map<string, ResolvedLink>();
  for (const link of links) {
    const key = linkKey(link.kind, link.target);
    // The same target, written the same way, is resolved the same way each time; what was found wins over what was not.
    if (!index.get(key)?.entityId) index.set(key, link);
  }
  return index;
}

/** @param address as it stands in the sanitised document */
export function destinationOf(address: string, kind: LinkKind, index: LinkIndex): Destination {
  // Browsers take these out of an address before they look at it.
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for here
  const plain = address.trim().replace(/[\u0000-\u001f]/g, '');
  const scheme = SCHEME.exec(plain)?.[0].toLowerCase();
  if (scheme && EXTERNAL.has(scheme)) return { kind: 'external', url: plain };
  if (scheme || plain.startsWith('//') || plain.startsWith('\\')) return { kind: 'refused' };
  const whole = decoded(plain);
  const hash = whole.indexOf('#');
  const target = hash < 0 ? whole : whole.slice(0, hash);
  const heading = hash < 0 ? null : whole.slice(hash + 1);
  if (target.trim() === '') return heading ? { kind: 'heading', heading } : { kind: 'refused' };
  // A name may hold a `#` itself; what the server found under the whole name is meant.
  const found = index.get(linkKey(kind, whole)) ?? index.get(linkKey(kind, target));
  if (!found?.entityId) return { kind: 'missing', target };
  return { kind: 'entity', id: found.entityId, fileType: found.fileType, heading };
}

/** The id of a heading by its text. The prefix keeps a note from naming parts of the page. */
export function headingId(text: string): string {
  // Of a path of headings, `a#b`, the last one is where to go.
  const last = text.split('#').at(-1) ?? text;
  return `user-content-${last
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')}`;
}
