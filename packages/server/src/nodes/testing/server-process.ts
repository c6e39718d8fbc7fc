import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../main.ts', import.meta.url));

/** `main.ts` as operators start it, in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  /** What it wrote, to either output. */
  said = '';
  /** How it ended; undefined while it runs. */
  ended: { readonly code: number | null; readonly signal: string | null } | undefined;

  constructor(env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TMPDIR: process.env['TMPDIR'],
        PORT: '0',
        LOG_LEVEL: 'info',
        PARLEY_OPERATOR_KEY: 'operator-key-of-the-tests',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const hear = (data: unknown) => {
      this.said += String(data);
      this.#tell();
    };
    this.#child.stdout?.on('data', hear);
    this.#child.stderr?.on('data', hear);
    // Not at `exit`: what it wrote last may come after.
    this.#child.once('close', (code, signal) => {
      this.ended = { code, signal };
      this.#tell();
    });
  }

  /** Starts one and waits until it serves. */
  static async start(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const server = new ServerProcess(env);
    await server.says(/^Parley is at /m);
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get port(): number {
    return Number(/^Parley is at http:\/\/[^/]*:(\d+)\//m.exec(this.said)?.[1]);
  }

  /** Resolves when it has written this; throws when it ended without. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.said)) {
      if (this.ended !== undefined) throw new Error(`It ended:\n${this.said}`);
      await this.#news();
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(): Promise<NonNullable<ServerProcess['ended']>> {
    while (this.ended === undefined) await this.#news();
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ended === undefined) this.signal('SIGTERM');
    await this.end();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #tell(): void {
    for (const wake of [...this.#waiting]) wake();
    this.#waiting.clear();
  }
}
