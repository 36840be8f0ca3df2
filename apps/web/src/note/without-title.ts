/**
 * A note that begins with its title as a heading shows it once. In steps that each go over the text once: a regular
 * expression for all of it takes the cube of the spaces in a row.
 */
export function withoutTitle(content: string, title: string | null): string {
  if (title === null) return content;
  const body = bodyStart(content);
  const start = body + content.slice(body).search(/\S|$/);
  const { text, next } = lineAt(content, start);
  if (headingOf(text) !== title.trim()) return content;
  return content.slice(0, start) + content.slice(next);
}

interface Line {
  readonly text: string;
  /** Where the next line begins; the end of the text after the last one. */
  readonly next: number;
}

function lineAt(content: string, start: number): Line {
  const end = content.indexOf('\n', start);
  return end < 0
    ? { text: content.slice(start), next: content.length }
    : { text: content.slice(start, end), next: end + 1 };
}

/** Where the text begins after a byte order mark and front matter, if there are any. */
function bodyStart(content: string): number {
  const start = content.startsWith('\uFEFF') ? 1 : 0;
  let line = lineAt(content, start);
  if (line.text.trimEnd() !== '---') return start;
  while (line.next < content.length) {
    line = lineAt(content, line.next);
    if (line.text.trimEnd() === '---') return line.next;
  }
  return start;
}

/** The text of a heading of the first level; null for any other line. */
function headingOf(line: string): string | null {
  if (!line.startsWith('# ') && !line.startsWith('#\t')) return null;
  const text = line.slice(1).trim();
  let end = text.length;
  while (text[end - 1] === '#') end--;
  return text.slice(0, end).trim();
}
