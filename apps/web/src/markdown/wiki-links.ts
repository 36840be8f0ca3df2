import type { Image, Link, Root, RootContent, Text } from 'mdast';
import { SKIP, visit } from 'unist-util-visit';

/** `[[target#heading|alias]]`, and with `!` before it what is shown in its place. */
const WIKI_LINK = /(!?)\[\[([^[\]\n|]+)(?:\|([^[\]\n]*))?\]\]/g;

/** What Obsidian shows nowhere either. */
const COMMENT = /%%[^%]*%%/g;

/** Marks nodes that came from `[[…]]`, through the sanitiser, for what resolves links. */
export const WIKI = 'dataWiki';

/**
 * A remark plugin: makes `[[links]]` and `![[embeds]]` links and images of Markdown's own kind, with the target as a
 * relative address. What it leads to is found out later, as for every other relative address.
 */
export function remarkWikiLinks() {
  return (tree: Root): void => {
    visit(tree, 'text', (node, index, parent) => {
      if (!parent || index === undefined) return;
      node.value = node.value.replace(COMMENT, '');
      if (parent.type === 'link') return;
      const parts = split(node);
      if (!parts) return;
      parent.children.splice(index, 1, ...parts);
      return [SKIP, index + parts.length];
    });
  };
}

function split({ value }: Text): RootContent[] | null {
  const parts: RootContent[] = [];
  let end = 0;
  for (const match of value.matchAll(WIKI_LINK)) {
    const [all, bang, target = '', alias] = match;
    if (match.index > end) parts.push({ type: 'text', value: value.slice(end, match.index) });
    parts.push(bang ? embed(target, alias) : link(target, alias));
    end = match.index + all.length;
  }
  if (end === 0) return null;
  if (end < value.length) parts.push({ type: 'text', value: value.slice(end) });
  return parts;
}

/** Kept whole as one address, since `encodeURIComponent` leaves nothing that has a meaning in one. */
function link(target: string, alias: string | undefined): Link {
  const text = alias?.trim() || target.trim().replace(/^#/, '').replaceAll('#', ' › ');
  return {
    type: 'link',
    url: address(target),
    children: [{ type: 'text', value: text }],
    data: { hProperties: { [WIKI]: 'link' } },
  };
}

function embed(target: string, alias: string | undefined): Image {
  // Obsidian writes an image's width where other links have their alias.
  const alt = alias && !/^\d+(x\d+)?$/.test(alias.trim()) ? alias.trim() : target.trim();
  return { type: 'image', url: address(target), alt, data: { hProperties: { [WIKI]: 'embed' } } };
}

function address(target: string): string {
  return encodeURIComponent(target.trim().toWellFormed());
}
