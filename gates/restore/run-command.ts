import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { passMutantOn } from '../kit/mutant.ts';

const program = fileURLToPath(new URL('../../packages/server/src/cli/main.ts', import.meta.url));

/** What a command did. */
export interface Ran {
  /** Undefined when it was killed. */
  readonly code: number | undefined;
  readonly output: string;
  readonly said: string;
  readonly ms: number;
  /** The most memory it had, in MB. */
  readonly peakMb: number;
}

interface CommandOptions {
  readonly env: Readonly<Record<string, string>>;
  /** SIGKILL after so many ms. */
  readonly killAfterMs?: number;
}

/** Runs `parley` in a process of its own, as bin/parley does. */
export async function runCommand(
  words: readonly string[],
  { env, killAfterMs }: CommandOptions,
): Promise<Ran> {
  const planted = passMutantOn();
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--max-semi-space-size=4',
      ...planted.arguments,
      program,
      '.',
      ...words,
    ],
    {
      env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], ...planted.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [output, said, peakMb] = ['', '', 0];
  child.stdout.on('data', (data) => {
    output += String(data);
  });
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  const look = async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024);
  };
  const watching = setInterval(() => void look(), 20);
  const killing =
    killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const code = await new Promise<number | undefined>((resolve) => {
    child.once('close', (code) => resolve(code ?? undefined));
  });
  clearInterval(watching);
  clearTimeout(killing);
  return { code, output, said, ms: performance.now() - began, peakMb };
}

/** As `runCommand`, for what has to work. */
export async function demandCommand(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const ran = await runCommand(words, { env });
  if (ran.code === 0) return ran;
  throw new Error(`parley ${words.join(' ')} ended with ${ran.code}: ${ran.said}`);
}
