import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { readConfig } from '../config/config.ts';
import { backup } from './backup.ts';
import { type Command, UsageError } from './command.ts';
import { describeFailure } from './describe-failure.ts';
import { Ended, hearEnding } from './ending.ts';
import { epoch } from './epoch.ts';
import { move } from './move.ts';
import { restore } from './restore.ts';
import { openProgress } from './show-progress.ts';

const commands: Readonly<Record<string, Command>> = { backup, restore, move, epoch };

const done = 0;
const failed = 1;
const misused = 2;

// The first word is the folder that paths are relative to: bin/parley says where it was called.
const [, , folder = '.', ...words] = process.argv;
process.exitCode = await run(words);

async function run([name = '--help', ...words]: readonly string[]): Promise<number> {
  if (name === '--help' || name === 'help') {
    process.stdout.write(overview());
    return done;
  }
  if (name === '--version') {
    process.stdout.write(`${manifest.version}\n`);
    return done;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`There is no command "${name}".\n\n${overview()}`);
    return misused;
  }
  try {
    const call = parse(command, words);
    if (call.options['help'] === true) {
      process.stdout.write(`${usageOf(name, command)}${command.help}`);
      return done;
    }
    await work(command, call);
    return done;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n${usageOf(name, command)}`);
      return misused;
    }
    process.stderr.write(`${describeFailure(error, command)}\n`);
    return error instanceof Ended ? error.code : failed;
  }
}

function parse(command: Command, words: readonly string[]) {
  const options = { ...command.options, help: { type: 'boolean' } } as const;
  try {
    const read = parseArgs({ args: [...words], options, allowPositionals: true });
    if (read.values['help'] !== true && read.positionals.length !== command.words) {
      throw new UsageError(
        read.positionals.length < command.words ? 'Something is missing.' : 'That is too much.',
      );
    }
    return { words: read.positionals, options: single(read.values) };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // An option that there is not, or one without its value: the message says which.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function single(values: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' || typeof value === 'boolean' ? value : undefined,
    ]),
  );
}

async function work(command: Command, call: ReturnType<typeof parse>): Promise<void> {
  const { config, warnings } = readConfig(process.env);
  for (const warning of warnings) process.stderr.write(`Warning: ${warning}\n`);
  const signal = hearEnding();
  const progress = openProgress(process.stderr);
  try {
    await command.run({
      ...call,
      folder: resolve(folder),
      config,
      say: (text) => {
        progress.clear();
        process.stdout.write(`${text}\n`);
      },
      progress: (state) => {
        signal.throwIfAborted();
        progress.show(state);
      },
      signal,
      version: manifest.version,
    });
  } catch (error) {
    // Its sessions were cut: what they say of it is not the reason.
    signal.throwIfAborted();
    throw error;
  } finally {
    progress.clear();
  }
}

function overview(): string {
  const list = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(9)}${summary}\n`,
  );
  return `Usage: parley <command> [options]

${list.join('')}
\`parley <command> --help\` says more. The installation is the one that the environment names, as for
the server: DATABASE_URL, else the embedded database in PARLEY_DATA_DIR (./data).
`;
}

function usageOf(name: string, { usage }: Command): string {
  return `Usage: parley ${`${name} ${usage}`.trim()}\n`;
}
