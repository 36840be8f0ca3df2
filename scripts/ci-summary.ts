import { readFileSync } from 'node:fs';

/** The part of vitest's JSON report that is looked at. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface Summary {
  readonly passed: number;
  /** Failed tests, suites that failed outside of their tests, and runs that left no report: one line each. */
  readonly failed: readonly string[];
  /** Tests that did not run: skipped, todo, or never reached. */
  readonly skipped: readonly string[];
}

/** One run of vitest. */
export interface Run {
  readonly name: string;
  /** Its JSON report as text, or undefined if it was never written. */
  readonly report: string | undefined;
  readonly exitCode: number;
}

/** A test that a run cannot run is fine if another run did: some need a PostgreSQL, which only one of the runs has. */
export function summarize(runs: readonly Run[]): Summary {
  const parts = runs.map(summarizeRun);
  const ran = new Set(parts.flatMap((part) => part.ran));
  return {
    passed: parts.reduce((sum, part) => sum + part.ran.length, 0),
    failed: parts.flatMap((part) => part.failed),
    skipped: parts.flatMap((part) => part.skipped.filter((test) => !ran.has(test.name)).map((test) => test.line)),
  };
}

interface RunSummary {
  /** Names of the tests that passed. */
  readonly ran: readonly string[];
  readonly failed: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly line: string }[];
}

function summarizeRun({ name, report: text, exitCode }: Run): RunSummary {
  const report = text === undefined ? undefined : parse(text);
  if (!report) return { ran: [], failed: [`${name}: no report, the run did not get to its end`], skipped: [] };
  if (report.testResults.length === 0) return { ran: [], failed: [`${name}: no tests`], skipped: [] };

  const failed: string[] = [];
  const skipped: { name: string; line: string }[] = [];
  const ran: string[] = [];
  for (const suite of report.testResults) {
    const failures = suite.assertionResults.filter((test) => test.status === 'failed');
    failed.push(...failures.map((test) => `${name}: ${test.fullName}`));
    // A suite that cannot be loaded, or whose hook fails, has no failed test of its own.
    if (suite.status !== 'passed' && failures.length === 0)
      failed.push(`${name}: ${suite.name} ${suite.message ?? ''}`);
    for (const test of suite.assertionResults) {
      const known = `${suite.name} ${test.fullName}`;
      if (test.status === 'passed') ran.push(known);
      else if (test.status !== 'failed') skipped.push({ name: known, line: `${name}: ${test.fullName}` });
    }
  }
  // An error that no test waited for is not in the report at all.
  if (exitCode !== 0 && failed.length === 0)
    failed.push(`${name}: exit code ${exitCode}, by an error outside of the tests`);
  return { ran, failed, skipped };
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}

/** `N passed, N failed`, and what was skipped if anything was. */
export function countsLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  // Each argument is NAME=EXITCODE=FILE.
  const runs = process.argv.slice(2).map((argument) => {
    const [name = '', exitCode, ...file] = argument.split('=');
    return { name, report: read(file.join('=')), exitCode: Number(exitCode) };
  });
  const summary = summarize(runs);
  for (const line of summary.failed) console.log(`failed   ${line}`);
  for (const line of summary.skipped) console.log(`skipped  ${line}`);
  console.log(countsLine(summary));
  // Nothing may be skipped in CI: a skipped test is a promise nobody checks.
  if (summary.failed.length > 0 || summary.skipped.length > 0 || summary.passed === 0) process.exitCode = 1;
}
