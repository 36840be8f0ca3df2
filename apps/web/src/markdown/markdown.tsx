import type { ComponentProps } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import rehypeRaw from 'rehype-raw';
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize';
import remarkFrontmatter from 'remark-frontmatter';
import remarkGfm from 'remark-gfm';
import { Link } from 'wouter';
import { Scrollable } from '../ui/scrollable.tsx';
import type { LinkIndex } from './link-target.ts';
import { Properties } from './properties.tsx';
import { rehypeResolve } from './rehype-resolve.ts';
import { remarkWikiLinks, WIKI } from './wiki-links.ts';

/** Elements that name further addresses for an image, which nothing resolves: the browser would load them. */
const OTHER_SOURCES = ['picture', 'source'];

/**
 * GitHub's schema, with the mark of `[[links]]`. It lets neither scripts nor styles, forms, frames or handlers through,
 * and of addresses only relative ones and those of the web and of mail.
 */
const SCHEMA = {
  ...defaultSchema,
  tagNames: [...(defaultSchema.tagNames ?? []), 'mark'].filter((name) => !OTHER_SOURCES.includes(name)),
  attributes: {
    ...defaultSchema.attributes,
    a: [...(defaultSchema.attributes?.a ?? []), WIKI],
    img: [...(defaultSchema.attributes?.img ?? []), WIKI],
  },
};

const COMPONENTS: Components = {
  a: ({ node: _, ref: _ref, href = '', children, ...props }) =>
    href.startsWith('/notes/') ? (
      <Link href={href} {...props}>
        {children}
      </Link>
    ) : (
      <a href={href} {...props}>
        {children}
      </a>
    ),
  input: ({ node: _, ...props }: ComponentProps<'input'> & { node?: unknown }) => (
    <input {...props} aria-label={props.checked ? 'Done' : 'To do'} />
  ),
  table: ({ node: _, ...props }) => (
    <Scrollable label="Table" className="table">
      <table {...props} />
    </Scrollable>
  ),
  pre: ({ node: _, ...props }) => (
    <Scrollable label="Code" className="code">
      <pre {...props} />
    </Scrollable>
  ),
};

export interface MarkdownProps {
  readonly source: string;
  readonly index: LinkIndex;
}

/** A note as it is read: nothing in it can run, and nothing is fetched from elsewhere. */
export function Markdown({ source, index }: MarkdownProps) {
  return (
    <div className="prose" dir="auto">
      <Properties source={source} />
      <ReactMarkdown
        remarkPlugins={[remarkGfm, [remarkFrontmatter, ['yaml']], remarkWikiLinks]}
        remarkRehypeOptions={{ clobberPrefix: '' }}
        rehypePlugins={[rehypeRaw, [rehypeSanitize, SCHEMA], [rehypeResolve, { index }]]}
        components={COMPONENTS}
      >
        {source}
      </ReactMarkdown>
    </div>
  );
}
