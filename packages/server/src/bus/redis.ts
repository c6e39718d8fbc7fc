import { randomUUID } from 'node:crypto';
import type { Topic } from '@parley/protocol';
import type { Logger } from 'pino';
import type { Redis } from '../redis/redis.ts';
import type { Bus, BusFigures, BusHandler, BusMessage } from './bus.ts';
import { readBusText, writeBusText } from './redis-text.ts';

interface RedisBusOptions {
  readonly redis: Redis;
  readonly log: Pick<Logger, 'warn'>;
}

/** Publications of one tick go in texts of about this many characters. */
const charactersPerText = 128 * 1024;
/** Complaints about odd texts come this often at most. */
const complainEveryMs = 60_000;

/**
 * Carries news by Redis: publish and subscribe, in a cluster by shards.
 *
 * Every topic is a channel. What Redis cannot take now is dropped and counted: the nodes find it in
 * PostgreSQL.
 */
export class RedisBus implements Bus {
  readonly #node = randomUUID();
  readonly #log: RedisBusOptions['log'];
  readonly #channels: ReturnType<Redis['openChannels']>;
  readonly #prefix: string;
  /** By channel. */
  readonly #topics = new Map<string, Topic>();
  #handler: BusHandler = () => {};
  #onHearing: (topics: readonly Topic[]) => void = () => {};
  /** What this tick has published. */
  #tick = new Map<Topic, BusMessage[]>();
  #published = 0;
  #dropped = 0;
  #heard = 0;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor({ redis, log }: RedisBusOptions) {
    this.#log = log;
    // Redis carries what is published to all its databases, and each is another installation's.
    this.#prefix = redis.database === 0 ? 'parley:' : `parley:${redis.database}:`;
    this.#channels = redis.openChannels({
      onText: (channel, text) => this.#hear(channel, text),
      onHearing: (channels) => {
        this.#onHearing(channels.flatMap((channel) => this.#topics.get(channel) ?? []));
      },
      onLost: (texts) => {
        this.#dropped += texts;
      },
    });
  }

  onMessage(handler: BusHandler): void {
    this.#handler = handler;
  }

  onHearing(handler: (topics: readonly Topic[]) => void): void {
    this.#onHearing = handler;
  }

  subscribe(topic: Topic): void {
    const channel = this.#channelOf(topic);
    this.#topics.set(channel, topic);
    this.#channels.subscribe(channel);
  }

  unsubscribe(topic: Topic): void {
    const channel = this.#channelOf(topic);
    this.#topics.delete(channel);
    this.#channels.unsubscribe(channel);
  }

  publish(topic: Topic, messages: readonly BusMessage[]): void {
    // First of all to the others: a handler of ours that fails must not keep it from them.
    this.#queue(topic, messages);
    if (this.#topics.has(this.#channelOf(topic))) this.#handler(topic, messages);
  }

  figures(): BusFigures {
    return {
      reachable: this.#channels.reachable,
      published: this.#published,
      dropped: this.#dropped,
      heard: this.#heard,
    };
  }

  async close(): Promise<void> {
    this.#send();
    this.#topics.clear();
    await this.#channels.close();
  }

  #queue(topic: Topic, messages: readonly BusMessage[]): void {
    if (this.#tick.size === 0) queueMicrotask(() => this.#send());
    const queued = this.#tick.get(topic);
    if (queued === undefined) this.#tick.set(topic, [...messages]);
    else queued.push(...messages);
  }

  #send(): void {
    const tick = this.#tick;
    this.#tick = new Map();
    for (const [topic, messages] of tick) {
      for (const some of portions(messages)) {
        this.#published++;
        const taken = this.#channels.publish(
          this.#channelOf(topic),
          writeBusText(this.#node, some),
        );
        if (!taken) this.#dropped++;
      }
    }
  }

  #hear(channel: string, text: string): void {
    const topic = this.#topics.get(channel);
    if (topic === undefined) return;
    const heard = readBusText(text);
    if (heard?.node === this.#node) return;
    if (heard === undefined || heard.odd > 0) this.#complain(channel);
    if (heard === undefined || heard.messages.length === 0) return;
    this.#heard++;
    try {
      this.#handler(topic, heard.messages);
    } catch (err) {
      // Nobody above would know what to do: the line must go on.
      this.#log.warn({ err, channel }, 'news from another node could not be handled');
    }
  }

  /** The braces keep all that concerns one topic in one slot of a cluster. */
  #channelOf(topic: Topic): string {
    return `${this.#prefix}{${topic}}`;
  }

  #complain(channel: string): void {
    if (performance.now() < this.#complainedAt + complainEveryMs) return;
    this.#complainedAt = performance.now();
    this.#log.warn({ channel }, 'news on the bus that this version does not understand: left out');
  }
}

function* portions(messages: readonly BusMessage[]): Generator<readonly BusMessage[]> {
  let some: BusMessage[] = [];
  let characters = 0;
  for (const message of messages) {
    const more = 'frame' in message ? message.frame.length : 0;
    if (some.length > 0 && characters + more > charactersPerText) {
      yield some;
      some = [];
      characters = 0;
    }
    some.push(message);
    characters += more;
  }
  if (some.length > 0) yield some;
}
