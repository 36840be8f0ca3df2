import { SynapError } from './errors.ts';
import { LIMITS } from './value-objects.ts';

// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for here
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/**
 * Checks that `text` survives UTF-8: a lone surrogate has no encoding and would be replaced in silence.
 * @throws {SynapError} `INVALID_TEXT`
 */
export function wellFormed(text: string, what: string): string {
  if (text.isWellFormed()) return text;
  throw new SynapError(
    'INVALID_TEXT',
    `The ${what} contains half of a character (a lone surrogate), which UTF-8 cannot keep. Remove it and send it again.`,
    { details: { what } },
  );
}

/** One line of text, such as a title or a tag: well formed, without control characters. */
function line(text: string, what: string): string {
  wellFormed(text, what);
  if (!CONTROL.test(text)) return text;
  throw new SynapError('INVALID_TEXT', `The ${what} contains a control character. Remove it and send it again.`, {
    details: { what },
  });
}

/**
 * A title is kept as it is sent, apart from white space around it; an empty one is none.
 * @throws {SynapError} `INVALID_TEXT`, `TITLE_TOO_LONG`
 */
export function titleOf(text: string | null | undefined): string | null {
  const title = line((text ?? '').trim(), 'title');
  if (characters(title) > LIMITS.titleCharacters) {
    throw new SynapError('TITLE_TOO_LONG', `A title has at most ${LIMITS.titleCharacters} characters.`, {
      details: { limit: LIMITS.titleCharacters },
    });
  }
  return title === '' ? null : title;
}

/**
 * Tags in the order given, trimmed, without a leading `#`, each once.
 * @throws {SynapError} `INVALID_TEXT`, `TOO_MANY_TAGS`, `TAG_TOO_LONG`, `VALIDATION_FAILED` for an empty one
 */
export function tagsOf(names: readonly string[]): string[] {
  if (names.length > LIMITS.tags) {
    throw new SynapError('TOO_MANY_TAGS', `An entity has at most ${LIMITS.tags} tags.`, {
      details: { limit: LIMITS.tags },
    });
  }
  const tags = new Set<string>();
  for (const name of names) {
    const tag = line(name.trim().replace(/^#+/, ''), 'tag');
    if (tag === '') throw new SynapError('VALIDATION_FAILED', 'A tag cannot be empty.');
    if (characters(tag) > LIMITS.tagCharacters) {
      throw new SynapError('TAG_TOO_LONG', `A tag has at most ${LIMITS.tagCharacters} characters.`, {
        details: { limit: LIMITS.tagCharacters },
      });
    }
    tags.add(tag);
  }
  return [...tags];
}

/** White space of all kinds, joiners and marks that show nothing, and NUL: content made of these alone is blank. */
const BLANK = /^[\s\p{Cf}\p{Cc}\p{Zs}\u2800\u3164]*$/u;

export function isBlank(text: string): boolean {
  return BLANK.test(text);
}

/** The first words of a content, on one line, as the feed shows them. At most 200 code points. */
export function previewOf(content: string): string {
  // Far more than enough for 200 characters, so that 10 MiB are not searched for white space.
  const head = content.slice(0, 4096);
  // oxlint-disable-next-line no-control-regex -- a preview is one line
  const plain = head.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return [...plain].slice(0, LIMITS.previewCharacters).join('').toWellFormed();
}
