import { bounds } from '../limits/bounds.ts';
import { FairQueue } from '../limits/fair-queue.ts';
import { HeldConversations } from './held-conversations.ts';
import type { WaitingSend } from './waiting-send.ts';

interface Load {
  count: number;
  weight: number;
}

/** Messages that wait for a commit: tenants take turns, and what is held elsewhere stands aside. */
export class SendQueue {
  readonly #free = new FairQueue<WaitingSend>();
  readonly #held = new HeldConversations();
  /** What was pushed and has no answer yet: of everybody, and by tenants. */
  readonly #load: Load = { count: 0, weight: 0 };
  readonly #loads = new Map<string, Load>();

  /** How many wait to be taken. */
  get size(): number {
    return this.#free.size + this.#held.size;
  }

  /** How many have no answer yet. */
  get unanswered(): number {
    return this.#load.count;
  }

  /** Whether there is no room for another message of this tenant. */
  isFull(tenant: string): boolean {
    const { count = 0, weight = 0 } = this.#loads.get(tenant) ?? {};
    return (
      this.#load.count >= bounds.sendsWaiting ||
      this.#load.weight >= bounds.sendCharacters ||
      count >= bounds.sendsWaitingPerTenant ||
      weight >= bounds.sendCharactersPerTenant
    );
  }

  push(one: WaitingSend): void {
    const { tenant, body } = one.message;
    const weight = body.length;
    this.#count(tenant, 1, weight);
    one.onSettled = () => this.#count(tenant, -1, -weight);
    this.#free.push(tenant, one);
  }

  /** Takes the next group: up to `most` messages, of each tenant `share`. */
  take(most: number, share: number, now: number): WaitingSend[] {
    const alone = this.#held.takeAlone(now);
    if (alone !== undefined) return [alone];
    const taken = this.#held.takeTries(most / 2, now);
    const places = new Map<string, number>();
    while (taken.length < most) {
      const next = this.#free.take(
        most - taken.length,
        (tenant) => share - (places.get(tenant) ?? 0),
      );
      if (next.length === 0) break;
      for (const one of next) {
        if (one.isSettled || this.#held.wait(one)) continue;
        taken.push(one);
        const { tenant } = one.message;
        places.set(tenant, (places.get(tenant) ?? 0) + 1);
      }
    }
    return taken;
  }

  /** The conversations of these are held elsewhere; `alone`: which only waiting for them tells. */
  hold(locked: readonly WaitingSend[], now: number, how?: 'alone'): void {
    const waiting = locked.filter((one) => !one.isSettled);
    this.#held.hold(waiting, now, how);
  }

  /** Puts one that was taken behind others of its conversation that stand aside; false without any. */
  standsAside(one: WaitingSend): boolean {
    return this.#held.wait(one);
  }

  /** The group is done with, but for what was held or given back. */
  took(group: readonly WaitingSend[]): void {
    for (const { conversation, message } of group) {
      this.#free.putBack(message.tenant, this.#held.free(conversation));
    }
  }

  /** These were not tried: they go back to where they were. */
  giveBack(group: readonly WaitingSend[]): void {
    const free = group.filter((one) => !this.#held.takeBack(one));
    for (const [tenant, waiting] of Map.groupBy(free, (one) => one.message.tenant)) {
      this.#free.putBack(tenant, waiting);
    }
  }

  /** Takes out those whose time is over. */
  takeOverdue(now: number): WaitingSend[] {
    const isOver = (one: WaitingSend) => one.isSettled || one.deadline <= now;
    return [...this.#free.takeWhile(isOver), ...this.#held.takeOverdue(isOver)];
  }

  /** How long there is nothing to take, in milliseconds, while something waits. */
  dueIn(now: number): number {
    return this.#held.dueIn(now);
  }

  #count(tenant: string, count: number, weight: number): void {
    const load = this.#loads.get(tenant) ?? { count: 0, weight: 0 };
    for (const each of [load, this.#load]) {
      each.count += count;
      each.weight += weight;
    }
    if (load.count > 0) this.#loads.set(tenant, load);
    else this.#loads.delete(tenant);
  }
}
