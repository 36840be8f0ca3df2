/** PostgreSQL's `2026-01-31 23:59:59.123+00` as ISO 8601; `infinity` and `-infinity` stay as they are. */
export function isoTimestamp(value: string): string {
  return value.endsWith('infinity') ? value : new Date(value).toISOString();
}
