// Prints "<passed> <failed>": node bin/lib/count-tests.ts <vitest's JSON report> <vitest's exit code>
import { readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const [file = '', exitCode] = process.argv.slice(2);
const report = JSON.parse(readFileSync(file, 'utf8')) as Report;

const passed = report.numPassedTests;
// Files that broke before or between their tests count as one failure each.
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
).length;
const skipped = report.numPendingTests + report.numTodoTests;
if (skipped > 0) console.error(`${skipped} tests did not run: that counts as failed.`);
if (passed === 0) console.error('No test ran: that counts as failed.');

const counted = report.numFailedTests + brokenFiles + skipped + (passed === 0 ? 1 : 0);
// Unhandled errors fail a run in which every test passed.
const failed = counted === 0 && exitCode !== '0' ? 1 : counted;
console.log(`${passed} ${failed}`);
