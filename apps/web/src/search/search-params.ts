/** What is searched for, as it stands in the address: `/search?q=…&type=…&tag=…&since=…`. */

/** Days back, by what the address calls them. */
const SINCE = { week: 7, month: 30, year: 365 } as const;
export type Since = keyof typeof SINCE;

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How far back the address asks for; null for all time. */
export function sinceOf(params: URLSearchParams): Since | null {
  const value = params.get('since') ?? '';
  return Object.hasOwn(SINCE, value) ? (value as Since) : null;
}

/** The parameters with another time; what is none takes the limit away. */
export function withSince(params: URLSearchParams, value: string): URLSearchParams {
  const next = new URLSearchParams(params);
  if (value === '') next.delete('since');
  else next.set('since', value);
  return next;
}

/** ISO 8601. @param now milliseconds since 1970 */
export function startOf(since: Since, now: number): string {
  return new Date(now - SINCE[since] * DAY_MS).toISOString();
}

export function searchHref(query: string, params: URLSearchParams): string {
  const next = new URLSearchParams(params);
  next.set('q', query);
  return `/search?${next}`;
}

/** The parameters with a value added to those of `name`, or taken from them. */
export function toggled(params: URLSearchParams, name: 'type' | 'tag', value: string): URLSearchParams {
  const values = params.getAll(name);
  const next = new URLSearchParams(params);
  next.delete(name);
  for (const kept of values) if (kept !== value) next.append(name, kept);
  if (!values.includes(value)) next.append(name, value);
  return next;
}

export interface Highlight {
  readonly start: number;
  readonly end: number;
}

export interface Segment {
  readonly text: string;
  readonly hit: boolean;
  /** Where it begins in the snippet. */
  readonly start: number;
}

/** A snippet cut at its highlights. Those that overlap, or lie outside, do no harm. */
export function segments(snippet: string, highlights: readonly Highlight[]): Segment[] {
  const found: Segment[] = [];
  let at = 0;
  const add = (end: number, hit: boolean) => {
    if (end <= at) return;
    found.push({ text: snippet.slice(at, end), hit, start: at });
    at = end;
  };
  for (const { start, end } of [...highlights].sort((a, b) => a.start - b.start)) {
    add(Math.min(start, snippet.length), false);
    add(Math.min(end, snippet.length), true);
  }
  add(snippet.length, false);
  return found;
}
