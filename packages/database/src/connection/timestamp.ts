const SPELLED = /^(\d{4,6}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d){0,2})$/;

/**
 * PostgreSQL's `2026-01-31 23:59:59.123+00` as ISO 8601; `infinity`, `-infinity` and years before 1 stay as they are. Not
 * left to `new Date` as it stands: that reads the year 50 as 1950.
 */
export function isoTimestamp(value: string): string {
  const [, date, time, zone] = SPELLED.exec(value) ?? [];
  if (date === undefined || time === undefined || zone === undefined) return value;
  const [year = '', ...rest] = date.split('-');
  // ECMAScript wants a sign and six digits for a year beyond 9999.
  const day = [year.length > 4 ? `+${year.padStart(6, '0')}` : year, ...rest].join('-');
  return new Date(Date.parse(`${day}T${time}Z`) - offsetMs(zone)).toISOString();
}

/** Of `+05`, `-03:30` or, in years before zones were whole minutes, `+00:19:32`. */
function offsetMs(zone: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = zone.slice(1).split(':').map(Number);
  return (zone.startsWith('-') ? -1_000 : 1_000) * (hours * 3_600 + minutes * 60 + seconds);
}
