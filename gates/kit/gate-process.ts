import { spawn } from 'node:child_process';
import { join } from 'node:path';

const program = join(import.meta.dirname, '..', 'main.ts');

/** The last of what it said for people that is kept. */
const saidBytes = 20_000;

/** What became of a run of `gates/main.ts` in a process of its own. */
export interface GateProcess {
  readonly code: number | null;
  /** What it printed: its one line, when it came so far. */
  readonly output: string;
  /** What it said for people, the last 20 KB of it. */
  readonly said: string;
}

interface GateProcessOptions {
  readonly env: Readonly<Record<string, string>>;
  /** For Node. */
  readonly flags?: readonly string[];
  /** After so long it is told to end; then `code` is not 0. */
  readonly timeoutMs: number;
}

/** Runs `gates/main.ts` with these arguments as `bin/gate` does. */
export function runGateProcess(
  args: readonly string[],
  { env, flags = [], timeoutMs }: GateProcessOptions,
): Promise<GateProcess> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...flags, program, ...args],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TMPDIR: process.env['TMPDIR'],
        REDIS_SERVER: process.env['REDIS_SERVER'],
        NGINX: process.env['NGINX'],
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    },
  );
  let [output, said] = ['', ''];
  child.stdout.on('data', (data) => {
    output += String(data);
  });
  child.stderr.on('data', (data) => {
    said = (said + String(data)).slice(-saidBytes);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, said }));
  });
}
