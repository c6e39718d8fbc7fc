import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'parley-counts-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Numbers {
  readonly passed?: number;
  readonly failed?: number;
  readonly pending?: number;
  readonly todo?: number;
  readonly files?: readonly { readonly status: string; readonly tests: readonly string[] }[];
}

/** What count-tests.ts prints for a report with these numbers. */
function count(
  { passed = 0, failed = 0, pending = 0, todo = 0, files = [] }: Numbers,
  exitCode: number,
): string {
  const report = join(folder, 'report.json');
  writeFileSync(
    report,
    JSON.stringify({
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: pending,
      numTodoTests: todo,
      testResults: files.map(({ status, tests }) => ({
        status,
        assertionResults: tests.map((one) => ({ status: one })),
      })),
    }),
  );
  const script = join(import.meta.dirname, 'count-tests.ts');
  const { stdout } = spawnSync(process.execPath, [script, report, String(exitCode)]);
  return stdout.toString().trim();
}

test('A clean run is counted as it is', () => {
  expect(count({ passed: 7 }, 0)).toBe('7 0');
});

test('Failed tests are counted', () => {
  const files = [{ status: 'failed', tests: ['passed', 'failed'] }];
  expect(count({ passed: 1, failed: 1, files }, 1)).toBe('1 1');
});

test('A file that could not be loaded is one failure', () => {
  expect(count({ passed: 3, files: [{ status: 'failed', tests: [] }] }, 1)).toBe('3 1');
});

test('An unhandled error is a failure though every test passed', () => {
  expect(count({ passed: 3 }, 1)).toBe('3 1');
});

test('A test that did not run is a failure', () => {
  expect(count({ passed: 3, pending: 1, todo: 1 }, 0)).toBe('3 2');
});

test('A run without any test is a failure', () => {
  expect(count({}, 0)).toBe('0 1');
});
