// node gates/history/replay.ts <file>: checks a history that a gate has kept.
import { checkHistory } from './check-history.ts';
import { readHistory } from './history.ts';

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('Usage: node gates/history/replay.ts <history.jsonl>\n');
  process.exit(2);
}
const { events, logs } = await readHistory(file);
const findings = checkHistory(events, logs);
for (const finding of findings.kept) {
  process.stdout.write(`${finding.class}: ${finding.what}\n`);
}
process.stdout.write(`${JSON.stringify(Object.fromEntries(findings.counts))}\n`);
process.exitCode = findings.total === 0 ? 0 : 1;
