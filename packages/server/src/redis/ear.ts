import { ErrorReply } from '@redis/client';
import type { Logger } from 'pino';
import { Line, type RedisLink, type ServerAddress } from './line.ts';
import { slotOf } from './slots.ts';

interface EarOptions {
  readonly address: ServerAddress;
  /** In a cluster: a channel is heard where its slot is served. */
  readonly sharded: boolean;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly onText: (channel: string, text: string) => void;
  readonly onHearing: (channels: readonly string[]) => void;
  /** The server no longer serves some channel. */
  readonly onMoved: () => void;
}

const channelsPerBatch = 1_000;
const againMs = 500;

/** A connection that only listens, to one server; asks again for everything whenever it was lost. */
export class Ear {
  readonly #options: EarOptions;
  readonly #line: Line;
  readonly #wanted = new Set<string>();
  /** What this connection has asked for. */
  readonly #asked = new Set<string>();
  /** What has to be looked at: asked for and no longer wanted, or the other way round. */
  readonly #dirty = new Set<string>();
  #settling: RedisLink | undefined;
  #complained = false;

  constructor(options: EarOptions) {
    this.#options = options;
    this.#line = new Line({
      address: options.address,
      onUp: (link) => this.#up(link),
      onDown: () => this.#down(),
    });
  }

  get answers(): boolean {
    return this.#line.answers;
  }

  want(channel: string): void {
    this.#wanted.add(channel);
    this.#touch(channel);
  }

  unwant(channel: string): void {
    this.#wanted.delete(channel);
    this.#touch(channel);
  }

  async close(): Promise<void> {
    this.#wanted.clear();
    this.#dirty.clear();
    await this.#line.close();
  }

  #up(link: RedisLink): void {
    link.on('sharded-channel-moved', (channel: unknown) => {
      this.#asked.delete(String(channel));
      this.#touch(String(channel));
      this.#options.onMoved();
    });
    this.#complained = false;
    for (const channel of this.#wanted) this.#dirty.add(channel);
    void this.#settle(link);
  }

  #down(): void {
    this.#asked.clear();
    this.#dirty.clear();
  }

  #touch(channel: string): void {
    const { link } = this.#line;
    // When it is up, everything that is wanted is looked at anyway.
    if (link === undefined) return;
    this.#dirty.add(channel);
    if (this.#settling !== link) void this.#settle(link);
  }

  /** One batch after the other, so that little waits however slow the server is. */
  async #settle(link: RedisLink): Promise<void> {
    this.#settling = link;
    try {
      // All that is asked for in one tick goes together.
      await Promise.resolve();
      while (this.#line.link === link && this.#dirty.size > 0) await this.#settleSome(link);
    } catch (error) {
      if (this.#line.link === link) this.#complain(error);
    } finally {
      if (this.#settling === link) this.#settling = undefined;
    }
  }

  async #settleSome(link: RedisLink): Promise<void> {
    const joined: string[] = [];
    const left: string[] = [];
    for (const channel of this.#dirty) {
      this.#dirty.delete(channel);
      const wanted = this.#wanted.has(channel);
      if (wanted === this.#asked.has(channel)) continue;
      if (wanted) joined.push(channel);
      else left.push(channel);
      if (joined.length + left.length === channelsPerBatch) break;
    }
    for (const channel of joined) this.#asked.add(channel);
    for (const channel of left) this.#asked.delete(channel);
    const [heard] = await Promise.all([
      Promise.all(this.#groups(joined).map((group) => this.#join(link, group))),
      Promise.all(this.#groups(left).map((group) => this.#leave(link, group))),
    ]);
    if (this.#line.link !== link) return;
    const hearing = heard.flat().filter((channel) => this.#wanted.has(channel));
    if (hearing.length > 0) this.#options.onHearing(hearing);
  }

  /** Answers those that are heard from now on. */
  async #join(link: RedisLink, group: string[]): Promise<readonly string[]> {
    try {
      if (this.#options.sharded) await link.sSubscribe(group, this.#hear);
      else await link.subscribe(group, this.#hear);
      return group;
    } catch (error) {
      if (!(error instanceof ErrorReply)) throw error;
      for (const channel of group) this.#asked.delete(channel);
      if (error.message.startsWith('MOVED')) this.#options.onMoved();
      else this.#complain(error);
      setTimeout(() => {
        for (const channel of group) if (this.#wanted.has(channel)) this.#touch(channel);
      }, againMs).unref();
      return [];
    }
  }

  async #leave(link: RedisLink, group: string[]): Promise<void> {
    try {
      if (this.#options.sharded) await link.sUnsubscribe(group, this.#hear);
      else await link.unsubscribe(group, this.#hear);
    } catch (error) {
      // Where the slot is served elsewhere by now, it was left with the slot.
      if (!(error instanceof ErrorReply)) throw error;
    }
  }

  /** One command of a cluster stays within one slot. */
  #groups(channels: readonly string[]): string[][] {
    if (!this.#options.sharded) return channels.length === 0 ? [] : [[...channels]];
    return [...Map.groupBy(channels, slotOf).values()];
  }

  readonly #hear = (text: string, channel: string): void => {
    if (this.#wanted.has(channel)) this.#options.onText(channel, text);
  };

  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#options.log.warn({ err: error }, 'Redis refuses a subscription');
  }
}
