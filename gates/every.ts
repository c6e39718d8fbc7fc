// Every gate, or those named, each in a process of its own; the last line is the sum.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { gates, isGateName } from './all.ts';

const program = join(import.meta.dirname, 'main.ts');

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('--'));
const wanted = args.filter((arg) => !arg.startsWith('--'));
const unknown = [
  ...options.filter((option) => option !== '--ci' && option !== '--full'),
  ...wanted.filter((name) => !isGateName(name)),
];
if (unknown.length > 0) {
  process.stderr.write(
    `What is ${unknown.join(', ')}? Usage: npm run gates [-- --ci|--full] [names]\n` +
      `Gates: ${Object.keys(gates).join(', ')}\n`,
  );
  process.exit(2);
}

const failed: string[] = [];
const names = wanted.length > 0 ? wanted : Object.keys(gates);
for (const name of names) {
  if (!(await passes(name))) failed.push(name);
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
