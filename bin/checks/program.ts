import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

interface Outcome {
  readonly succeeded: boolean;
  /** Both outputs, in the order of their streams. */
  readonly output: string;
}

/** Runs a program of node_modules/.bin, or a script with this Node when it ends in `.ts`. */
export async function runProgram(name: string, ...args: readonly string[]): Promise<Outcome> {
  const command = name.endsWith('.ts')
    ? [process.execPath, '--disable-warning=ExperimentalWarning', name]
    : [`node_modules/.bin/${name}`];
  const [file = '', ...first] = command;
  const child = spawn(file, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
  const [output, errors, succeeded] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  return { succeeded, output: `${output}${errors}`.trim() };
}

/** The findings of a program that says nothing is wrong by exiting with 0. */
export async function programFindings(name: string, ...args: readonly string[]): Promise<string[]> {
  const { succeeded, output } = await runProgram(name, ...args);
  if (succeeded) return [];
  return [output === '' ? `${name} failed and said nothing` : output];
}
