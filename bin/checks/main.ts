import { availableParallelism } from 'node:os';
import { fileLengthFindings } from './file-length.ts';
import { fileNameFindings } from './file-names.ts';
import { forbiddenTextFindings } from './forbidden-text.ts';
import { importCycleFindings } from './import-cycles.ts';
import { readImports } from './import-graph.ts';
import { importRuleFindings } from './import-rule.ts';
import { lockFileFindings } from './lock-file.ts';
import { programFindings, runProgram } from './program.ts';
import { readSources } from './sources.ts';
import { specRuleFindings } from './spec-rules.ts';
import { specTableFindings } from './spec-tables.ts';

/** A check answers its findings; none means that all is well. */
interface Check {
  readonly name: string;
  readonly run: () => readonly string[] | Promise<readonly string[]>;
}

const [option, ...rest] = process.argv.slice(2);
if ((option !== undefined && option !== '--fix') || rest.length > 0) {
  console.error('Usage: bin/check [--fix]');
  process.exit(2);
}
if (option === '--fix') await runProgram('biome', 'check', '--write', '--log-level=none');

const sources = readSources('.');
const imports = readImports(sources);

const checks: readonly Check[] = [
  { name: 'types', run: () => programFindings('tsc', '-p', '.') },
  { name: 'types of the page', run: () => programFindings('tsc', '-p', 'packages/web') },
  { name: 'types of the flows', run: () => programFindings('tsc', '-p', 'e2e') },
  { name: 'lint', run: () => programFindings('biome', 'lint', '--error-on-warnings') },
  { name: 'promises', run: () => programFindings('oxlint', '--type-aware') },
  { name: 'format', run: () => programFindings('biome', 'check', '--linter-enabled=false') },
  { name: 'imports', run: () => importRuleFindings(imports) },
  { name: 'import cycles', run: () => importCycleFindings(imports) },
  { name: 'file names', run: () => fileNameFindings(sources.keys()) },
  { name: 'forbidden text', run: () => forbiddenTextFindings(sources, process.cwd()) },
  { name: 'file length', run: () => fileLengthFindings(sources) },
  { name: 'lock file', run: () => lockFileFindings(sources) },
  { name: 'rules and tests', run: () => specRuleFindings(sources) },
  { name: 'protocol tables', run: () => specTableFindings(sources) },
  {
    name: 'schema dump',
    run: () => programFindings('packages/server/src/db/dump-schema-cli.ts'),
  },
  { name: 'unused', run: () => programFindings('knip', '--no-progress') },
];

const waiting = [...checks];
let failed = 0;
await Promise.all(Array.from({ length: availableParallelism() }, work));
console.log(failed === 0 ? 'All checks passed.' : `${failed} of ${checks.length} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;

async function work(): Promise<void> {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const started = performance.now();
    const findings = await check.run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const verdict = findings.length === 0 ? 'ok    ' : 'FAILED';
    console.log(`${verdict} ${check.name.padEnd(20)} ${seconds.padStart(5)} s`);
    for (const finding of findings) console.log(finding.replaceAll(/^/gm, '  '));
    if (findings.length > 0) failed += 1;
  }
}
