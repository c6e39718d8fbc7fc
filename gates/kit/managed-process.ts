import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';

export interface ProcessPlan {
  /** For messages, such as `redis-server`. */
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly options?: Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'>;
  /** A channel for messages; it also tells the process that the gate is gone. */
  readonly ipc?: boolean;
  /** Ends it in an orderly way; also sent by the system when the gate itself is gone. */
  readonly stopSignal: NodeJS.Signals;
  /** How long an orderly end may take, in ms; then it is killed. */
  readonly stopMs?: number;
  /** Resolves once it can be used; throws when it ended before. */
  readonly whenUp: (started: Started) => Promise<void>;
}

/** A process just started, for those who wait until it is up. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: () => boolean;
  /** Resolves with the first line of its output that matches. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when the question is answered with true. */
  poll(question: () => Promise<boolean>): Promise<void>;
}

const startMs = 60_000;
const pollMs = 25;
const keptLog = 400_000;

/** A program that a gate starts, harms and starts again; it ends with its scope, whatever happened. */
export class ManagedProcess implements AsyncDisposable {
  readonly #plan: ProcessPlan;
  #child: ChildProcess;
  #ended: string | undefined;
  #exit: Promise<void> = Promise.resolve();
  #log = '';
  #paused = false;
  #starts = 0;
  readonly #lines: ((line: string) => void)[] = [];

  /** Resolves when it is up; throws with what it logged when it ends before. */
  static async start(plan: ProcessPlan): Promise<ManagedProcess> {
    const managed = new ManagedProcess(plan);
    await managed.#whenUp();
    return managed;
  }

  private constructor(plan: ProcessPlan) {
    this.#plan = plan;
    this.#child = this.#spawn();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get child(): ChildProcess {
    return this.#child;
  }

  /** How often it was started. */
  get starts(): number {
    return this.#starts;
  }

  /** Why it ended; undefined while it runs. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Resolves when the process that runs now has ended. */
  get exit(): Promise<void> {
    return this.#exit;
  }

  /** What all its starts wrote, the last 400 KB of it. */
  log(): string {
    return this.#log;
  }

  /** Sends a signal and nothing more. */
  signal(signal: NodeJS.Signals): void {
    if (this.#ended === undefined) this.#child.kill(signal);
  }

  /** Ends it with this signal, and resolves when it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.signal(signal);
    // A stopped process hears of a gentle signal only when it goes on.
    if (this.#paused) this.resume();
    await this.#exit;
  }

  /** Stops it where it stands (SIGSTOP). */
  pause(): void {
    this.#paused = true;
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.#paused = false;
    this.signal('SIGCONT');
  }

  /** Starts it again as it was started; one that still runs is stopped first. */
  async restart(): Promise<void> {
    await this.stop();
    this.#child = this.#spawn();
    await this.#whenUp();
  }

  /** Ends it in an orderly way, or after a time in any way. */
  async stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    if (this.#paused) this.resume();
    this.signal(this.#plan.stopSignal);
    const late = setTimeout(() => this.signal('SIGKILL'), this.#plan.stopMs ?? 5_000);
    await this.#exit;
    clearTimeout(late);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #spawn(): ChildProcess {
    const { command, arguments: given, options, ipc, stopSignal } = this.#plan;
    const [program, ...rest] = endingWithUs(command, given, stopSignal);
    const child = spawn(program, rest, {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc === true ? (['ipc'] as const) : [])],
    });
    this.#starts += 1;
    this.#ended = undefined;
    this.#paused = false;
    this.#exit = new Promise((resolve) => {
      const end = (why: string) => {
        this.#ended ??= `${this.#plan.name} ended with ${why}`;
        resolve();
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
    let rest_ = '';
    child.stdout?.on('data', (data) => {
      const lines = (rest_ + String(data)).split('\n');
      rest_ = lines.pop() ?? '';
      for (const line of lines) for (const tell of this.#lines) tell(line);
      this.#keep(String(data));
    });
    child.stderr?.on('data', (data) => this.#keep(String(data)));
    return child;
  }

  #keep(text: string): void {
    this.#log = (this.#log + text).slice(-keptLog);
  }

  async #whenUp(): Promise<void> {
    const child = this.#child;
    const over = new AbortController();
    const late = setTimeout(() => over.abort(), startMs);
    const isOver = () => this.#ended !== undefined || over.signal.aborted;
    void this.#exit.then(() => over.abort());
    const gone = new Promise<never>((_, reject) => {
      over.signal.addEventListener('abort', () => reject(new Error(this.#ended ?? 'it is not up')));
    });
    gone.catch(() => {});
    try {
      const up = this.#plan.whenUp({
        child,
        ended: isOver,
        line: (pattern) =>
          new Promise((resolve) => {
            this.#lines.push((line) => {
              const match = pattern.exec(line);
              if (match !== null) resolve(match);
            });
          }),
        poll: async (question) => {
          while (!isOver() && !(await question())) {
            await new Promise((resolve) => setTimeout(resolve, pollMs));
          }
        },
      });
      up.catch(() => {});
      await Promise.race([up, gone]);
    } catch (cause) {
      await this.stop();
      throw new Error(`${this.#plan.name} did not start:\n${this.#log}`, { cause });
    } finally {
      clearTimeout(late);
      this.#lines.length = 0;
    }
  }
}

const setpriv = '/usr/bin/setpriv';

/** Lets the system end the process when this one is killed and cannot do it any more. */
function endingWithUs(
  command: string,
  given: readonly string[],
  signal: NodeJS.Signals,
): [string, ...string[]] {
  try {
    accessSync(setpriv, constants.X_OK);
  } catch {
    return [command, ...given];
  }
  return [setpriv, '--pdeathsig', signal.replace('SIG', ''), '--', command, ...given];
}
