// Every gate, or those named, each in a process of its own; the last line is the sum. With --bugs each
// gate must also find the bugs that are planted for it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type GateName, gates, isGateName } from './all.ts';
import { runMutant, whyNotFound } from './kit/run-mutant.ts';

const program = join(import.meta.dirname, 'main.ts');

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('--') && arg !== '--bugs');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const unknown = [
  ...options.filter((option) => option !== '--ci' && option !== '--full'),
  ...wanted.filter((name) => !isGateName(name)),
];
if (unknown.length > 0) {
  process.stderr.write(
    `What is ${unknown.join(', ')}? Usage: npm run gates [-- --ci|--full] [--bugs] [names]\n` +
      `Gates: ${Object.keys(gates).join(', ')}\n`,
  );
  process.exit(2);
}

const failed: string[] = [];
const names = (wanted.length > 0 ? wanted : Object.keys(gates)).filter(isGateName);
for (const name of names) {
  const isGood = await passes(name);
  if (!isGood || (args.includes('--bugs') && !(await findsItsBugs(name)))) failed.push(name);
}
if (failed.length > 0) process.stdout.write(`Failed: ${failed.join(', ')}\n`);
process.stdout.write(`${names.length - failed.length} passed, ${failed.length} failed\n`);
process.exitCode = failed.length > 0 ? 1 : 0;

function passes(name: string): Promise<boolean> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, name, ...options],
    { stdio: 'inherit' },
  );
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
  });
}

async function findsItsBugs(name: GateName): Promise<boolean> {
  let missed = 0;
  const { mutants } = await gates[name].mutants();
  for (const mutant of mutants) {
    const why = whyNotFound(mutant, await runMutant(name, mutant, process.env['GATE_POSTGRES']));
    if (why !== undefined) missed++;
    process.stderr.write(`${why === undefined ? 'found ' : 'MISSED'} ${mutant.id} ${why ?? ''}\n`);
  }
  return missed === 0;
}
