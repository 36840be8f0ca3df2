import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** A figure of a benchmark, beside what it is compared with in the same run. */
export interface Row {
  readonly case: string;
  /** Operations a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  /** The floor's or peer's rate in the same repetition; the ratio is `rate / floor`. */
  readonly floor?: number;
  /** The floor's median latency in the same repetition, in milliseconds. */
  readonly floorP50?: number;
}

const RESULTS = new URL('./results/', import.meta.url);

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function percentile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
}

/** The rows of one case as one: medians, and the median of the ratios of each repetition. */
function summary(name: string, rows: readonly Row[]) {
  const ratios = rows.flatMap((row) => (row.floor === undefined ? [] : [row.rate / row.floor]));
  return {
    case: name,
    rate: Math.round(median(rows.map((row) => row.rate))),
    p50: Number(median(rows.map((row) => row.p50)).toFixed(2)),
    p95: Number(median(rows.map((row) => row.p95)).toFixed(2)),
    ...(ratios.length > 0 && {
      floor: Math.round(median(rows.flatMap((row) => row.floor ?? []))),
      floorP50: Number(median(rows.flatMap((row) => row.floorP50 ?? [])).toFixed(2)),
      p50Ratio: Number(median(rows.flatMap((row) => (row.floorP50 ? [row.p50 / row.floorP50] : []))).toFixed(2)),
      ratio: Number(median(ratios).toFixed(2)),
      ratios: ratios.map((ratio) => Number(ratio.toFixed(2))),
    }),
    repetitions: rows.length,
  };
}

const AGAINST = ['floor per second', 'ratio (median)', 'ratio (each)', 'floor p50 ms', 'p50 ratio (median)'];

/**
 * Prints the table, and writes it as JSON and as a Markdown page with a plot under `bench/results/`.
 * @param figures what is measured besides time
 */
export async function report(
  name: string,
  what: string,
  rows: readonly Row[],
  figures: Readonly<Record<string, number>> = {},
): Promise<void> {
  const cases = [...new Set(rows.map((row) => row.case))].map((title) =>
    summary(
      title,
      rows.filter((row) => row.case === title),
    ),
  );
  const against = cases.some((row) => row.floor !== undefined);
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  const table = [
    line(['case', 'per second', 'p50 ms', 'p95 ms', ...(against ? AGAINST : [])]),
    line(['---', '---:', '---:', '---:', ...(against ? AGAINST.map(() => '---:') : [])]),
    ...cases.map((row) =>
      line([
        ...[row.case, row.rate, row.p50, row.p95],
        ...(against ? [row.floor, row.ratio, row.ratios?.join(' '), row.floorP50, row.p50Ratio] : []),
      ]),
    ),
  ].join('\n');
  const measured = Object.entries(figures);
  const other = measured.length
    ? `\n\n${[line(['figure', 'value']), line(['---', '---:']), ...measured.map(line)].join('\n')}`
    : '';
  const plot = [
    '```mermaid',
    'xychart-beta',
    `  title "${name}: operations per second"`,
    `  x-axis [${cases.map((row) => `"${row.case}"`).join(', ')}]`,
    '  y-axis "per second"',
    `  bar [${cases.map((row) => row.rate).join(', ')}]`,
    ...(cases.every((row) => row.floor !== undefined) ? [`  line [${cases.map((row) => row.floor).join(', ')}]`] : []),
    '```',
  ].join('\n');
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`;
  process.stdout.write(`\n${what}\n${machine}\n\n${table}${other}\n`);
  await mkdir(RESULTS, { recursive: true });
  await writeFile(
    new URL(`${name}.json`, RESULTS),
    `${JSON.stringify({ name, what, machine, cases, ...(measured.length > 0 && { figures }) }, null, 2)}\n`,
  );
  await writeFile(
    new URL(`${name}.md`, RESULTS),
    `# ${name}\n\n${what}\n\n${machine}. \`pnpm bench ${name}\` runs it again.\n\n${table}${other}\n\n${plot}\n`,
  );
}

/** Runs `task` in `width` loops for `ms` milliseconds. */
export async function closedLoop(name: string, width: number, ms: number, task: () => Promise<void>): Promise<Row> {
  const latencies: number[] = [];
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (performance.now() - begin < ms) {
        const start = performance.now();
        await task();
        latencies.push(performance.now() - start);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    case: name,
    rate: latencies.length / seconds,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
  };
}
