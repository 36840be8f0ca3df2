/** A note that begins with its title as a heading shows it once. */
export function withoutTitle(content: string, title: string | null): string {
  if (title === null) return content;
  const match = /^(\uFEFF?(?:---[ \t]*\r?\n[\s\S]*?\r?\n---[ \t]*\r?\n)?\s*)#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\r?\n|$)/.exec(
    content,
  );
  if (!match || match[2]?.trim() !== title.trim()) return content;
  return `${match[1] ?? ''}${content.slice(match[0].length)}`;
}
