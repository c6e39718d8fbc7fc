import { runContest } from './contest.ts';
import { type Defaults, readOptions } from './options.ts';
import { jsonOf, reportOf } from './report.ts';

/** A measurement as a command: flags in, a report out, exit code 1 when it could not be made. */
export async function runCommand(name: string, defaults: Defaults): Promise<void> {
  const args = process.argv.slice(2);
  const command = ['npm run bench --', name, ...args].join(' ');
  try {
    const options = readOptions(args, defaults);
    // With --json the one line must be alone on the output.
    const result = await runContest(options, (text) => process.stderr.write(`${text}\n`));
    console.log((options.json ? jsonOf : reportOf)(command, options, result));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    // What was under way when it failed must not keep the process alive.
    process.exit(1);
  }
}
