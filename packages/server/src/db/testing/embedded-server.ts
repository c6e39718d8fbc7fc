import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseAddress } from '../address.ts';
import type { ChildReport } from './embedded-child.ts';

interface ServerOptions {
  readonly dataDir: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** As root: become this user before starting, with code that this user can read. */
  readonly as?: { readonly uid: number; readonly child: string };
}

/** A process of its own with the embedded PostgreSQL in it, to be killed and so on. */
export class EmbeddedServer {
  readonly #process: ChildProcess;
  readonly address: DatabaseAddress;

  constructor(process: ChildProcess, address: DatabaseAddress) {
    this.#process = process;
    this.address = address;
  }

  /** Throws the child's message when PostgreSQL does not start. */
  static async start({ dataDir, settings = {}, env = {}, as }: ServerOptions) {
    const child = as?.child ?? join(import.meta.dirname, 'embedded-child.ts');
    const options = [child, dataDir, JSON.stringify(settings), String(as?.uid ?? '')];
    const server = spawn(process.execPath, options, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { PATH: process.env['PATH'], ...env },
    });
    const report = await new Promise<ChildReport>((resolve) => {
      server.once('message', (message: ChildReport) => resolve(message));
      server.once('exit', () => resolve({ state: 'failed', message: 'It ended silently.' }));
    });
    if (report.state === 'up') return new EmbeddedServer(server, report.address);
    throw new Error(report.message);
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.send('stop');
    await ended;
  }

  /** `kill -9`: PostgreSQL stays behind. */
  async kill(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** The process id of a data folder's postmaster. */
export async function postmasterOf(dataDir: string): Promise<number> {
  const text = await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8');
  return Number.parseInt(text, 10);
}
