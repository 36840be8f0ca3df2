import { resolve } from 'node:path';
import { buildWeb } from '../../scripts/build-web.ts';

/** The page as `pnpm start` would have it; built only if it is not there as it is now. Servers started after it serve it. */
export function buildWebApp(): void {
  const lines: string[] = [];
  const root = resolve(import.meta.dirname, '../..');
  if (buildWeb({ root, tell: (line) => lines.push(line) }) === 'failed') throw new Error(lines.join('\n'));
}
