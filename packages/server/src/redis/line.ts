import { createClient, ErrorReply, RedisClient } from '@redis/client';
import type { Logger } from 'pino';

/** A connected client: commands go out in the order in which they are given. */
export type RedisLink = ReturnType<typeof dial>;

/** Where a server is, and what it is told at the door. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** `rediss:`. */
  readonly tls: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: number | undefined;
}

interface LineOptions {
  readonly address: ServerAddress;
  /** Unset: it says nothing, because another line to the same server does. */
  readonly log?: Pick<Logger, 'warn' | 'info'>;
  /** It is connected, for the first time or again. */
  readonly onUp: (link: RedisLink) => void;
  readonly onDown: () => void;
}

const openMs = 3_000;
const probeEveryMs = 1_000;
/** No answer for this long: another connection is tried. */
const silenceMs = 3_000;
const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** Reads one of the addresses of `REDIS_URL`; throws what the URL is wrong in, without repeating it. */
export function parseAddress(url: string): ServerAddress {
  const { socket, username, password, database } = RedisClient.parseURL(url);
  const host = 'host' in socket ? socket.host : undefined;
  const port = 'port' in socket ? socket.port : undefined;
  return {
    host: host === undefined || host === '' ? '127.0.0.1' : host,
    port: port ?? 6379,
    tls: socket.tls,
    username,
    password,
    database,
  };
}

/** Host and port: fit for the log. */
export function nameOf({ host, port }: Pick<ServerAddress, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** It loads what it kept, runs a script that does not end, or is a replica of another one. */
const noUse = /^(LOADING|BUSY|MASTERDOWN|READONLY)\b/;

/** Whether an error is a server's answer, and not that it can do nothing for us now. */
export function isAnswer(error: unknown): error is ErrorReply {
  return error instanceof ErrorReply && !noUse.test(error.message);
}

/** A connection to one server, which is opened again whenever it is lost or goes silent. */
export class Line {
  readonly address: ServerAddress;
  readonly #options: LineOptions;
  readonly #ended: Promise<void>;
  #closed = false;
  /** Ends what is waited for now. */
  #stop: () => void = () => {};
  #link: RedisLink | undefined;
  /** Since when a probe has not been answered. */
  #silentSince: number | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
    this.address = options.address;
    this.#ended = this.#keepOpen();
  }

  /** The connection, while there is one. */
  get link(): RedisLink | undefined {
    return this.#link;
  }

  /** Whether what is sent now can be expected to be answered. */
  get answers(): boolean {
    const silentSince = this.#silentSince ?? performance.now();
    return this.#link !== undefined && performance.now() - silentSince < probeEveryMs;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    await this.#ended;
  }

  async #keepOpen(): Promise<void> {
    for (let failures = 0; !this.#closed; failures++) {
      const client = dial(this.address);
      const { promise: over, resolve: stop, reject: lose } = Promise.withResolvers<void>();
      over.catch(() => {});
      // The client throws what nobody listens to, and may have more than one complaint.
      client.on('error', lose);
      this.#stop = stop;
      try {
        const ready = client.connect().then(() => probe(client));
        await inTime(openMs, Promise.race([ready, over]));
        if (this.#closed) continue;
        if (failures > 0) this.#options.log?.info(this.#about(), 'Redis is back');
        failures = 0;
        this.#link = client;
        this.#options.onUp(client);
        await Promise.race([over, this.#watch(client)]);
      } catch (error) {
        if (failures === 0 && !this.#closed) this.#complain(error);
      } finally {
        const wasUp = this.#link !== undefined;
        this.#link = undefined;
        this.#silentSince = undefined;
        client.destroy();
        if (wasUp) this.#options.onDown();
      }
      if (!this.#closed) await this.#pause(failures);
    }
  }

  /** Rejects when the server no longer answers: a line that is cut in the middle says nothing itself. */
  async #watch(client: RedisLink): Promise<void> {
    while (this.#link === client) {
      this.#silentSince = performance.now();
      await inTime(silenceMs, probe(client));
      if (this.#link !== client) return;
      this.#silentSince = undefined;
      await new Promise((resolve) => setTimeout(resolve, probeEveryMs).unref());
    }
  }

  #complain(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#options.log?.warn({ ...this.#about(), reason }, 'Redis is away: trying again');
  }

  #about(): { readonly redis: string } {
    return { redis: nameOf(this.address) };
  }

  async #pause(failures: number): Promise<void> {
    const pause = Math.min(firstPauseMs * 2 ** failures, longestPauseMs);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stop = resolve;
    // Nodes that lost it together do not come back together.
    const timer = setTimeout(resolve, pause * (0.5 + Math.random() / 2));
    await promise;
    clearTimeout(timer);
  }
}

function dial({ host, port, tls, username, password, database }: ServerAddress) {
  const socket = { host, port, connectTimeout: openMs, reconnectStrategy: false as const };
  return createClient({
    // Reconnecting is ours: what is subscribed is known here, and asked for anew.
    socket: tls ? { ...socket, tls: true } : socket,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    name: 'parley',
    disableOfflineQueue: true,
    // Time limits are ours too: its own end when a command is written.
    commandOptions: { timeout: 0 },
    maintNotifications: 'disabled',
  });
}

/**
 * Rejects where the server can do nothing for us now.
 *
 * By a command that writes, though there is nothing to do: a replica answers PING as its master did.
 */
async function probe(client: RedisLink): Promise<void> {
  try {
    await client.sendCommand(['DEL', 'parley:nothing']);
  } catch (error) {
    // That the key is served elsewhere is an answer, too.
    if (!isAnswer(error)) throw error;
  }
}

/** Rejects when the work is not done in this many milliseconds. */
export async function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('Redis does not answer.')), ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
