import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../packages/server/src/main.ts', import.meta.url));

/** A real installation: the server's own process and its PostgreSQL, in a folder of its own. */
export class Installation implements AsyncDisposable {
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;
  #process: ChildProcess;
  #address: URL;

  static async start(env: Readonly<Record<string, string>> = {}): Promise<Installation> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-e2e-'));
    const { process, address } = await launch(folder, '0', env);
    return new Installation(folder, env, process, address);
  }

  private constructor(
    folder: string,
    env: Readonly<Record<string, string>>,
    process: ChildProcess,
    address: URL,
  ) {
    this.folder = folder;
    this.#env = env;
    this.#process = process;
    this.#address = address;
  }

  /** Where the chat page is. */
  get page(): string {
    return this.#address.href;
  }

  /** The server's root, without a slash at the end. */
  get url(): string {
    return this.#address.origin;
  }

  /** `kill -9` of the server; its PostgreSQL lives on. */
  async kill(): Promise<void> {
    await ended(this.#process, 'SIGKILL');
  }

  /** Starts again on the same folder and port. */
  async startAgain(): Promise<void> {
    const { process, address } = await launch(this.folder, this.#address.port, this.#env);
    this.#process = process;
    this.#address = address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A killed server's PostgreSQL is stopped by the next one.
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      await ended(this.#process, 'SIGTERM');
    } else if (this.#process.signalCode === 'SIGKILL') {
      await this.startAgain();
      await ended(this.#process, 'SIGTERM');
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function launch(
  folder: string,
  port: string,
  env: Readonly<Record<string, string>>,
): Promise<{ process: ChildProcess; address: URL }> {
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      PORT: port,
      PARLEY_DATA_DIR: folder,
      PARLEY_DEMO: '1',
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (data) => {
    output += String(data);
  });
  const address = new Promise<URL>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      output += `${line}\n`;
      const [, told] = /Parley is at (\S+)/.exec(line) ?? [];
      if (told !== undefined) resolve(new URL(told));
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
    child.once('error', reject);
  });
  return { process: child, address: await address };
}

function ended(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}
