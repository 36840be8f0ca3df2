// Runs in the browser as well: nothing here may import more than types.

/** The first instant and the last that have a spelling both in JSON and in the database. */
const EARLIEST = Date.parse('0001-01-01T00:00:00.000Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

/** The time of a file in whole milliseconds; the beginning of 1970 for one that has no sensible time. */
export function modifiedAt(milliseconds: number): string {
  // A double of seconds does not hold a millisecond exactly, and some tools set times by one.
  const whole = Math.floor(milliseconds + 0.001);
  return new Date(whole >= EARLIEST && whole <= LATEST ? whole : 0).toISOString();
}
