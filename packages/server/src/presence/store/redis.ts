import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Redis } from '../../redis/redis.ts';
import type { Scope } from '../../scope.ts';
import { personKey } from './person-key.ts';
import { RedisSlot } from './redis-slot.ts';
import { RedisTurns } from './redis-turns.ts';
import type { Counted, PresenceChange, PresenceStore, Standing } from './store.ts';

interface RedisPresenceOptions {
  readonly redis: Redis;
  readonly log: Pick<Logger, 'warn'>;
  /** Tests are in a hurry. */
  readonly times?: Partial<PresenceTimes>;
}

/** In milliseconds. */
interface PresenceTimes {
  /** How often the lease is renewed, and those that have ended are looked for. */
  readonly beatMs: number;
  /** Without being renewed a lease ends after this. */
  readonly leaseMs: number;
  /** How long it takes until every living node has made good what Redis lost. */
  readonly settleMs: number;
  /** Who is on a node that stops has so long to come to another one. */
  readonly leaveMs: number;
}

const usualTimes: PresenceTimes = {
  beatMs: 2_000,
  leaseMs: 6_000,
  settleMs: 3_000,
  leaveMs: 3_000,
};
/**
 * Scripts of different slots run beside each other, in a cluster on different servers. All nodes
 * must know the same number: it says where a person is looked for.
 */
const slotCount = 16;
const patienceMs = 100;
const complainEveryMs = 60_000;

/** Who is online over all nodes, in Redis (6.2 or newer; one or a cluster). */
export class RedisPresenceStore implements PresenceStore {
  readonly #log: RedisPresenceOptions['log'];
  readonly #times: PresenceTimes;
  readonly #slots: readonly RedisSlot[];
  readonly #beat: NodeJS.Timeout;
  #changed: (changes: readonly PresenceChange[]) => Promise<void> = async () => {};
  #settled: () => void = () => {};
  #settling: NodeJS.Timeout | undefined;
  #complainedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor({ redis, log, times = {} }: RedisPresenceOptions) {
    this.#log = log;
    this.#times = { ...usualTimes, ...times };
    const turns = new RedisTurns();
    const lease = randomUUID();
    const { leaseMs, settleMs } = this.#times;
    this.#slots = Array.from({ length: slotCount }, (_, index) => {
      return new RedisSlot({
        redis,
        turns,
        name: `presence-${index}`,
        lease,
        leaseMs,
        settleMs,
        onChange: (changes) => this.#changed(changes),
        onDoubt: () => this.#doubt(),
        onError: (error) => this.#complain(error),
      });
    });
    this.#beat = setInterval(() => this.#beatAll(), this.#times.beatMs);
    this.#beat.unref();
    redis.onReachable((reachable) => {
      // What it was told while it was away it does not know, and it may have come back empty.
      if (reachable && !this.#closed) this.#beatAll();
    });
  }

  onChange(handler: (changes: readonly PresenceChange[]) => Promise<void>): void {
    this.#changed = handler;
  }

  onSettled(handler: () => void): void {
    this.#settled = handler;
  }

  hold(person: Scope): Promise<Counted> {
    const key = personKey(person);
    return this.#slotOf(key).hold(key);
  }

  release(person: Scope): Promise<Counted> {
    const key = personKey(person);
    return this.#slotOf(key).release(key);
  }

  async look(tenant: string, users: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
    const standings = new Map<string, Standing>();
    const { promise: late, resolve: giveUp } = Promise.withResolvers<void>();
    const timer = setTimeout(giveUp, patienceMs);
    const answers = users.map(async (user) => {
      const key = personKey({ tenant, user });
      standings.set(user, await this.#slotOf(key).look(key));
    });
    await Promise.race([Promise.all(answers), late]);
    clearTimeout(timer);
    for (const user of users) {
      if (standings.has(user)) continue;
      const key = personKey({ tenant, user });
      standings.set(user, this.#slotOf(key).guess(key));
    }
    // A copy: what comes late must not change an answer.
    return new Map(standings);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#beat);
    clearTimeout(this.#settling);
    const left = this.#slots.map((slot) => slot.leave(this.#times.leaveMs));
    // While Redis is away the lease ends by itself.
    await Promise.allSettled(left);
  }

  #beatAll(): void {
    for (const slot of this.#slots) slot.beat();
  }

  #slotOf(key: string): RedisSlot {
    const slot = this.#slots[hash(key) % slotCount];
    if (slot === undefined) throw new Error('There is no such slot.');
    return slot;
  }

  /** When nothing has been doubtful for a while, everything can be looked up again. */
  #doubt(): void {
    if (this.#closed) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#settled(), this.#times.settleMs);
    this.#settling.unref();
  }

  #complain(err: unknown): void {
    if (performance.now() < this.#complainedAt + complainEveryMs || this.#closed) return;
    this.#complainedAt = performance.now();
    this.#log.warn({ err }, 'presence is only what this node knows until Redis takes it again');
  }
}

/** FNV-1a: the same on every node, whatever its version. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (const byte of Buffer.from(text)) sum = Math.imul(sum ^ byte, 0x01000193) >>> 0;
  return sum;
}
