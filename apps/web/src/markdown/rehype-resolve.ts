import type { Element, ElementContent, Root } from 'hast';
import { SKIP, visit } from 'unist-util-visit';
import { contentUrl } from '../api/client.ts';
import { type Destination, destinationOf, headingId, type LinkIndex } from './link-target.ts';
import { WIKI } from './wiki-links.ts';

/**
 * A rehype plugin that runs on the sanitised document and gives every address in it its meaning: links to notes, images
 * of the library, headings. Whatever leads nowhere, or must not be followed, becomes text. Remote images are not loaded,
 * since that tells their server who reads; they become links.
 */
export function rehypeResolve({ index }: { readonly index: LinkIndex }) {
  return (tree: Root): void => {
    visit(tree, 'element', (node, at, parent) => {
      if (/^h[1-6]$/.test(node.tagName)) {
        node.properties.id = headingId(textOf(node));
        return;
      }
      if (node.tagName !== 'a' && node.tagName !== 'img') return;
      if (!parent || at === undefined) return;
      const isImage = node.tagName === 'img';
      const kind = node.properties[WIKI] === undefined ? 'markdown' : 'wiki';
      const address = node.properties[isImage ? 'src' : 'href'];
      // What the sanitiser took the address from; anchors that only have a name as well.
      const destination: Destination =
        typeof address === 'string' ? (own(address) ?? destinationOf(address, kind, index)) : { kind: 'refused' };
      const replacement = isImage ? image(node, destination) : link(node, destination);
      parent.children[at] = replacement;
      // What is inside a link may be an image, which is looked at in its turn.
      return isImage ? SKIP : undefined;
    });
  };
}

/** A fragment of this very document, such as a footnote. */
function own(address: string): Destination | null {
  return /^#(user-content-)?fn(ref)?-/.test(address) ? { kind: 'heading', heading: address.slice(1) } : null;
}

function textOf(node: Element): string {
  let text = '';
  visit(node, 'text', (child) => {
    text += child.value;
  });
  return text;
}

function link(node: Element, to: Destination): Element {
  switch (to.kind) {
    case 'external':
      node.properties = { href: to.url, target: '_blank', rel: ['noopener', 'noreferrer'] };
      return node;
    case 'heading':
      node.properties = { href: `#${fragment(to.heading)}`, ...(node.properties.id && { id: node.properties.id }) };
      return node;
    case 'entity':
      node.properties = { href: noteHref(to) };
      return node;
    case 'missing':
      return span('missing', node.children, `There is no “${to.target}”.`);
    case 'refused':
      return span('refused', node.children);
  }
}

function image(node: Element, to: Destination): Element {
  const alt = typeof node.properties.alt === 'string' ? node.properties.alt : '';
  switch (to.kind) {
    case 'entity':
      return to.fileType === 'image' ? shown(to.id, alt) : embedded(to, alt);
    case 'external':
      return anchor({ href: to.url, target: '_blank', rel: ['noopener', 'noreferrer'] }, `Image: ${alt || to.url}`);
    case 'missing':
      return span('missing', [{ type: 'text', value: alt || to.target }], `There is no “${to.target}”.`);
    case 'heading':
    case 'refused':
      return span('refused', [{ type: 'text', value: alt }]);
  }
}

function shown(id: string, alt: string): Element {
  return element('img', { src: contentUrl(id), alt, loading: 'lazy', decoding: 'async' }, []);
}

function embedded(to: Destination & { kind: 'entity' }, alt: string): Element {
  const { id, fileType } = to;
  if (fileType === 'audio') return element('audio', { src: contentUrl(id), controls: true, ariaLabel: alt }, []);
  if (fileType === 'video') return element('video', { src: contentUrl(id), controls: true, ariaLabel: alt }, []);
  return anchor({ href: noteHref(to), className: ['embedded'] }, alt);
}

function noteHref({ id, heading }: Destination & { kind: 'entity' }): string {
  return `/notes/${id}${heading ? `#${headingId(heading)}` : ''}`;
}

function fragment(heading: string): string {
  return /^(user-content-)?fn(ref)?-/.test(heading)
    ? `user-content-${heading.replace(/^user-content-/, '')}`
    : headingId(heading);
}

function anchor(properties: Element['properties'], text: string): Element {
  return element('a', properties, [{ type: 'text', value: text }]);
}

function span(kind: 'missing' | 'refused', children: ElementContent[], title?: string): Element {
  return element('span', { className: [kind], ...(title && { title }) }, children);
}

function element(tagName: string, properties: Element['properties'], children: ElementContent[]): Element {
  return { type: 'element', tagName, properties, children };
}
