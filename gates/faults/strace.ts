import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseStraceLine, StraceCalls, type SystemCall } from './strace-lines.ts';

interface StraceOptions {
  /** With all their threads, and what they start from here on. */
  readonly pids: readonly number[];
  /** System calls to write down, such as `fdatasync`. */
  readonly trace: readonly string[];
  /**
   * What becomes of calls, in strace's words: `fdatasync:error=EIO`, `fdatasync:delay_enter=500000`
   * (microseconds), `pwrite64:error=ENOSPC:when=100+`.
   */
  readonly inject?: readonly string[];
  /** How many bytes of each buffer are written down. */
  readonly bytes?: number;
}

const attachMs = 20_000;

/**
 * Watches system calls of running processes, or makes them fail, with strace.
 *
 * The order of the calls it tells is the order in which they happened: each process stands still
 * while its call is written down.
 */
export class Strace implements AsyncDisposable {
  readonly #folder: string;
  readonly #end: () => Promise<void>;

  /** Resolves when all are watched. Throws when strace is missing or may not. */
  static async attach({ pids, trace, inject = [], bytes = 64 }: StraceOptions): Promise<Strace> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-strace-'));
    const strace = spawn(
      process.env['STRACE'] ?? 'strace',
      [
        ...['-f', '-yy', '-xx', '-s', String(bytes), '-o', join(folder, 'calls')],
        ...['-e', `trace=${trace.join(',')}`, '-e', 'signal=none'],
        ...inject.flatMap((one) => ['-e', `inject=${one}`]),
        ...pids.flatMap((pid) => ['-p', String(pid)]),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    let ended = false;
    const exit = new Promise<void>((resolve) => {
      const end = (error?: Error) => {
        ended = true;
        if (error !== undefined) said += error.message;
        resolve();
      };
      strace.once('error', end);
      strace.once('exit', () => end());
    });
    const attached = new Promise<void>((resolve) => {
      strace.stderr.on('data', (data) => {
        said = (said + String(data)).slice(-20_000);
        const watched = new Set(
          [...said.matchAll(/Process (\d+) attached/g)].map(([, pid]) => pid),
        );
        if (pids.every((pid) => watched.has(String(pid)))) resolve();
      });
    });
    const late = setTimeout(() => strace.kill('SIGKILL'), attachMs);
    await Promise.race([attached, exit]);
    clearTimeout(late);
    const end = async () => {
      // It lets go of what it watches, and of what it has stopped.
      strace.kill('SIGINT');
      await exit;
    };
    if (ended) {
      await rm(folder, { recursive: true, force: true });
      throw new Error(
        `strace cannot watch ${pids.join(', ')} (it needs to be root, or the same user where the kernel allows it): ${said}`,
      );
    }
    return new Strace(folder, end);
  }

  private constructor(folder: string, end: () => Promise<void>) {
    this.#folder = folder;
    this.#end = end;
  }

  /** Lets go; the processes go on as if nothing had been. */
  async detach(): Promise<void> {
    await this.#end();
  }

  /** What was watched until now; call it after `detach`. */
  async *calls(): AsyncGenerator<SystemCall> {
    const calls = new StraceCalls();
    const lines = createInterface({ input: createReadStream(join(this.#folder, 'calls')) });
    for await (const line of lines) {
      const parsed = parseStraceLine(line);
      const call = parsed === undefined ? undefined : calls.take(parsed);
      if (call !== undefined) yield call;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
