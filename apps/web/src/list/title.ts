/** How an entity is called where it has no title, and how its first words are shown: Markdown without its marks. */

export interface Titled {
  readonly title: string | null;
  readonly preview: string;
}

const TITLE_CHARACTERS = 100;

/** A preview is the first words of the source on one line; marks of Markdown only disturb there. */
export function previewText(preview: string): string {
  return preview
    .replace(/^---\s.*?\s---(\s|$)/, '')
    .replace(/<!--.*?(-->|$)|%%.*?(%%|$)/g, ' ')
    .replace(/!?\[\[(?:[^\]|]*\|)?([^\]]*)\]\]/g, '$1')
    .replace(/!?\[([^\]]*)\]\([^)\s]*(?:\s+"[^"]*")?(?:\)|$)/g, '$1')
    .replace(/^(?:>|[-*+])\s+/, '')
    .replace(/(^|\s)(?:#{1,6}|(?:[-*+]\s)?\[[ xX]\]|```\S*)(?=\s|$)/g, '$1')
    .replace(/(\*\*|__|~~|==|`)(?=\S)(.*?\S)\1/g, '$2')
    .replace(/(^|[\s(])([*_])(?=\S)([^*_]*\S)\2(?=[\s).,:;!?]|$)/g, '$1$3')
    .replace(/\s+/g, ' ')
    .trim();
}

/** What a preview says beyond the title, with which many notes begin. */
export function previewBeyond(title: string, preview: string): string {
  const text = previewText(preview);
  return text.startsWith(title) ? text.slice(title.length).trimStart() : text;
}

export function titleOf({ title, preview }: Titled): string {
  if (title) return title;
  const text = previewText(preview) || preview;
  const characters = [...text];
  if (characters.length === 0) return 'Untitled';
  return characters.length <= TITLE_CHARACTERS ? text : `${characters.slice(0, TITLE_CHARACTERS).join('').trimEnd()}…`;
}
