/** What the API refuses, so that it is told before anything is sent. `limits.test.ts` holds them against the API's own. */
export const LIMITS = {
  contentBytes: 10 * 1024 * 1024,
  titleCharacters: 500,
  tags: 100,
  tagCharacters: 100,
} as const;

const BLANK = /^[\s\p{Cf}\p{Cc}\p{Zs}\u2800\u3164]*$/u;

export function isBlank(text: string): boolean {
  return BLANK.test(text);
}

/** Bytes of a text as UTF-8, without encoding what is far from any limit. */
export function isTooLarge(text: string): boolean {
  if (text.length * 3 <= LIMITS.contentBytes) return false;
  return new TextEncoder().encode(text).length > LIMITS.contentBytes;
}

/** Whether a field that grows with this text would make the page slow: the browser lays all of it out for each letter. */
export function isHuge(text: string): boolean {
  return text.length > 200_000;
}
