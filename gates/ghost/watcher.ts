import { limits } from '@parley/protocol';
import type { Person, Tenant } from '../kit/tenant.ts';
import type { Node } from '../kit/topology.ts';

/** Something that was told of a person, and when (on the monotonic clock). */
export interface Told {
  readonly user: string;
  readonly online: boolean;
  readonly at: number;
}

/** Somebody who watches everybody, on one node, and keeps what was shown. */
export class Watcher {
  readonly told: Told[] = [];
  readonly socket: Person;
  readonly #shown = new Map<string, boolean>();
  /** Read marks that were told lower than before. */
  readonly wentBack: string[] = [];
  readonly #marks = new Map<string, number>();
  #read = 0;

  /** Connects to this node and watches these people. */
  static async open(
    tenant: Tenant,
    node: Node,
    name: string,
    users: readonly string[],
  ): Promise<Watcher> {
    const watcher = new Watcher(await tenant.connect(name, node.socketUrl));
    for (let first = 0; first < users.length; first += perCall) {
      await watcher.#watch(users.slice(first, first + perCall));
    }
    return watcher;
  }

  private constructor(socket: Person) {
    this.socket = socket;
  }

  isOnline(user: string): boolean {
    return this.#shown.get(user) === true;
  }

  /** Those of these people who are not shown so. */
  otherwise(users: readonly string[], online: boolean): string[] {
    return users.filter((user) => this.isOnline(user) !== online);
  }

  /** Who was told offline since then. */
  wentSince(at: number, users: ReadonlySet<string>): string[] {
    return this.told
      .filter((one) => one.at >= at && !one.online && users.has(one.user))
      .map(({ user }) => user);
  }

  /** Takes in what has arrived. */
  update(): void {
    const { events } = this.socket;
    const at = performance.now();
    for (; this.#read < events.length; this.#read++) {
      const event = events[this.#read];
      if (event?.event === 'presence') {
        this.#shown.set(event.user, event.online);
        this.told.push({ user: event.user, online: event.online, at });
      } else if (event?.event === 'read') {
        const key = `${event.conversation} ${event.user}`;
        if (event.seq < (this.#marks.get(key) ?? 0)) this.wentBack.push(key);
        this.#marks.set(key, event.seq);
      }
    }
  }

  async #watch(users: string[]): Promise<void> {
    const answer = await this.socket.ask('presence.watch', { users });
    // What came before the answer is older than it or the same.
    this.update();
    for (const { id, online } of answer.users) this.#shown.set(id, online);
  }
}

const perCall = Math.min(100, limits.watchedPeople);

/** Takes in what arrives at all of them until it is so; answers false when the time is over before. */
export async function untilShown(
  watchers: readonly Watcher[],
  isSo: () => boolean,
  ms: number,
): Promise<boolean> {
  const end = performance.now() + ms;
  for (;;) {
    for (const watcher of watchers) watcher.update();
    if (isSo()) return true;
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
