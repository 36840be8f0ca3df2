import { expect, test } from 'vitest';
import { countsLine, summarize } from './ci-summary.ts';

const suite = (status: string, tests: Readonly<Record<string, string>>, message = '') => ({
  name: 'a.test.ts',
  status,
  message,
  assertionResults: Object.entries(tests).map(([fullName, outcome]) => ({ fullName, status: outcome })),
});
const report = (...testResults: readonly object[]) => JSON.stringify({ testResults });
const run = (text: string | undefined, exitCode = 0, name = 'embedded') => ({ name, report: text, exitCode });
const good = report(suite('passed', { adds: 'passed', subtracts: 'passed' }));

test('sums the reports', () => {
  const summary = summarize([run(good), run(good, 0, 'postgres')]);
  expect(summary).toEqual({ passed: 4, failed: [], skipped: [] });
  expect(countsLine(summary)).toBe('4 passed, 0 failed');
});

test('counts a failed test once', () => {
  const summary = summarize([
    run(good),
    run(report(suite('failed', { adds: 'passed', divides: 'failed' })), 1, 'postgres'),
  ]);
  expect(summary.failed).toEqual(['postgres: divides']);
  expect(countsLine(summary)).toBe('3 passed, 1 failed');
});

test('counts a suite that failed to load', () => {
  const summary = summarize([run(report(suite('passed', { adds: 'passed' }), suite('failed', {}, 'no such file')), 1)]);
  expect(summary.failed).toEqual(['embedded: a.test.ts no such file']);
  expect(countsLine(summary)).toBe('1 passed, 1 failed');
});

test('counts a suite whose hook failed, and the tests that it never reached', () => {
  const summary = summarize([run(report(suite('failed', { adds: 'skipped' }, 'hook failed')), 1)]);
  expect(countsLine(summary)).toBe('0 passed, 1 failed, 1 skipped');
});

test.each(['skipped', 'pending', 'todo', 'disabled'])('names a test that is %s', (status) => {
  const summary = summarize([run(report(suite('passed', { adds: 'passed', waits: status })))]);
  expect(summary.skipped).toEqual(['embedded: waits']);
  expect(countsLine(summary)).toBe('1 passed, 0 failed, 1 skipped');
});

test.each([
  ['was never written', undefined],
  ['was cut off', '{"testResults": ['],
  ['has no tests', report()],
])('counts a report that %s as a failure', (_, text) => {
  expect(countsLine(summarize([run(text), run(good)]))).toBe('2 passed, 1 failed');
});

test('counts an error outside of the tests, which only the exit code tells', () => {
  const summary = summarize([run(good, 1)]);
  expect(summary.failed).toEqual([expect.stringContaining('outside of the tests')]);
  expect(countsLine(summary)).toBe('2 passed, 1 failed');
});

test('does not mind a test that another run ran', () => {
  const skipping = report(suite('passed', { adds: 'skipped', subtracts: 'passed' }));
  expect(summarize([run(skipping), run(good, 0, 'postgres')])).toMatchObject({ passed: 3, skipped: [] });
});
