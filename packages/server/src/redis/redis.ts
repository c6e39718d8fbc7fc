import { createHash } from 'node:crypto';
import { ErrorReply } from '@redis/client';
import type { Logger } from 'pino';
import { Channels, type ChannelsOptions } from './channels.ts';
import { inTime, type Line, parseAddress } from './line.ts';
import { Servers } from './servers.ts';

interface RedisOptions {
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** How long `openRedis` waits for a first answer before it goes on without, in milliseconds. */
  readonly waitMs?: number;
}

const commandMs = 1_000;
const mostRedirections = 3;

/**
 * Connects to one Redis (or Valkey), or to a cluster: whichever the server says that it is.
 *
 * `urls` is one URL, or several of one cluster with commas between them. Where nobody answers within
 * `waitMs` it warns, goes on and keeps trying. Throws for a URL that is none.
 */
export async function openRedis(
  urls: string,
  { log, waitMs = 3_000 }: RedisOptions,
): Promise<Redis> {
  const [first, ...others] = urls.split(',').map((url) => parseAddress(url.trim()));
  if (first === undefined) throw new Error('No address of a Redis.');
  const redis = new Redis([first, ...others], log);
  const reached = Promise.withResolvers<void>();
  redis.onReachable((reachable) => {
    if (reachable) reached.resolve();
  });
  const timer = setTimeout(() => {
    log.warn('Redis does not answer. Starting without: other nodes are heard late until it does.');
    reached.resolve();
  }, waitMs);
  await reached.promise;
  clearTimeout(timer);
  return redis;
}

/**
 * One Redis or a cluster of them, for what may be lost.
 *
 * Nothing waits for a server that is away: commands are refused at once, and kept for nobody.
 */
export class Redis {
  /** The database that the URL names. Channels know nothing of it. */
  readonly database: number;
  readonly #servers: Servers;
  readonly #log: RedisOptions['log'];
  readonly #listeners: ((reachable: boolean) => void)[] = [];
  readonly #channels: Channels[] = [];
  readonly #digests = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  #reachable = false;

  constructor(seeds: ConstructorParameters<typeof Servers>[0]['seeds'], log: RedisOptions['log']) {
    this.#log = log;
    this.database = seeds[0].database ?? 0;
    this.#servers = new Servers({ seeds, log, onChange: () => this.#changed() });
    // A server that has gone silent is noticed by asking.
    this.#timer = setInterval(() => this.#review(), 250);
    this.#timer.unref();
  }

  /** Whether every server is there and answers. */
  get reachable(): boolean {
    return this.#servers.reachable;
  }

  /** Nothing until the first server has answered. */
  get isCluster(): boolean | undefined {
    return this.#servers.isCluster;
  }

  /** Calls with `true` whenever it is reachable again, with `false` when it no longer is. */
  onReachable(listener: (reachable: boolean) => void): void {
    this.#listeners.push(listener);
    if (this.#reachable) listener(true);
  }

  /** Runs one command where the key is served; rejects at once while that is away, or after a second. */
  run(key: string, args: readonly string[]): Promise<unknown> {
    return this.#routed(key, (line, asking) => send(line, args, asking));
  }

  /** Runs a Lua script; its keys, at least one, share a slot. Rejects as `run` does. */
  async runScript(
    script: string,
    keys: readonly [string, ...string[]],
    args: readonly string[],
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.run(keys[0], ['EVALSHA', this.#digestOf(script), ...rest]);
    } catch (error) {
      if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.run(keys[0], ['EVAL', script, ...rest]);
    }
  }

  /** A publisher and listener, with connections of its own to listen. */
  openChannels(options: Omit<ChannelsOptions, 'servers' | 'log'>): Channels {
    const channels = new Channels({ ...options, servers: this.#servers, log: this.#log });
    this.#channels.push(channels);
    return channels;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#channels.map((channels) => channels.close()));
    await this.#servers.close();
  }

  async #routed(
    key: string,
    work: (line: Line, asking: boolean) => Promise<unknown>,
  ): Promise<unknown> {
    for (let redirections = 0; ; redirections++) {
      const line = this.#servers.lineOf(key);
      try {
        return await work(required(line), false);
      } catch (error) {
        const [, kind, server] = redirection(error);
        if (kind === undefined || redirections === mostRedirections) throw error;
        if (kind === 'ASK') return await work(required(this.#servers.lineTo(server ?? '')), true);
        await this.#servers.ask();
      }
    }
  }

  #digestOf(script: string): string {
    const known = this.#digests.get(script);
    if (known !== undefined) return known;
    const digest = createHash('sha1').update(script).digest('hex');
    this.#digests.set(script, digest);
    return digest;
  }

  #changed(): void {
    for (const channels of this.#channels) channels.reroute();
    this.#review();
  }

  #review(): void {
    const { reachable } = this.#servers;
    if (reachable === this.#reachable) return;
    this.#reachable = reachable;
    for (const listener of this.#listeners) listener(reachable);
  }
}

function required(line: Line | undefined): Line {
  if (line?.answers !== true) throw new Error('Redis is away.');
  return line;
}

async function send(line: Line, args: readonly string[], asking: boolean): Promise<unknown> {
  const { link } = line;
  if (link === undefined) throw new Error('Redis is away.');
  // Sent together, so that nothing comes in between.
  const permission = asking ? link.sendCommand(['ASKING']) : undefined;
  const answers = Promise.all([link.sendCommand(args), permission]);
  const [answer] = await inTime(commandMs, answers);
  return answer;
}

/** What a cluster says of a key that is elsewhere: for good (`MOVED`) or for this once (`ASK`). */
function redirection(error: unknown): readonly (string | undefined)[] {
  const message = error instanceof ErrorReply ? error.message : '';
  return /^(MOVED|ASK) \d+ (\S+)$/.exec(message) ?? [];
}
