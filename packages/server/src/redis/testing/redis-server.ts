import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';

/** What a test chooses of a redis-server; the rest is nothing on disk, loopback only. */
export interface RedisServerOptions {
  readonly password?: string;
  /** Lines of its configuration, such as `['--maxmemory', '2mb']`. */
  readonly settings?: readonly string[];
}

/** Ports below those that the system gives out, so that a server finds its own again. */
const lowestPort = 12_000;
const ports = 10_000;

/** A real redis-server on a free port: `await using redis = await startRedis()`. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = new RedisServer(await freePort(), options, await newFolder());
  await server.start();
  return server;
}

/** One redis-server, which a test may kill, stop where it stands and start again. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(port: number, options: RedisServerOptions, folder: string) {
    this.port = port;
    this.#options = options;
    this.#folder = folder;
  }

  /** As `REDIS_URL` has it. */
  get url(): string {
    const { password } = this.#options;
    const secret = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    return `redis://${secret}127.0.0.1:${this.port}`;
  }

  /** Starts it, empty; settles when it answers. */
  async start(): Promise<void> {
    const { password, settings = [] } = this.#options;
    const secret = password === undefined ? [] : ['--requirepass', password];
    const child = spawn(
      process.env['REDIS_SERVER'] ?? '/usr/bin/redis-server',
      [
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder],
        ...['--save', '', '--appendonly', 'no', '--enable-debug-command', 'local'],
        ...secret,
        ...settings,
      ],
      { stdio: 'ignore' },
    );
    this.#process = child;
    const failed = once(child, 'exit').then(() => {
      throw new Error(`redis-server ended at port ${this.port}`);
    });
    await Promise.race([this.#answered(), failed]);
    failed.catch(() => {});
  }

  /** Ends it at once (SIGKILL): what it held is gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Stops it where it stands: connections stay open and nobody answers. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** One command, by a connection of its own: `await redis.ask('FLUSHALL')`. */
  async ask(...words: readonly string[]): Promise<unknown> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answered(): Promise<void> {
    for (;;) {
      const answer = await this.ask('PING').catch(() => undefined);
      if (answer === 'PONG') return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** A port at which nobody listens, nor at the one that a cluster's servers use among themselves. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowestPort + Math.floor(Math.random() * ports);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'parley-redis-'));
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}
