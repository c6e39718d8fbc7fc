import { isDeepStrictEqual } from 'node:util';
import type { ServerEvent } from '@parley/protocol';
import { createClient } from '../../packages/client/src/create-client.ts';
import type { Client } from '../../packages/client/src/index.ts';
import { CuttableLine } from '../../packages/client/tests/folding/cuttable-line.ts';
import { ready, settled, stateOf } from '../../packages/client/tests/folding/state.ts';
import { pause, pickFrom } from '../history/talk.ts';
import type { Tenant } from '../kit/tenant.ts';

/** Ann's screen, by the real SDK, and the names of all events that reached it. */
export class Watcher {
  readonly client: Client;
  /** How often each event came, over all lines. */
  readonly heard = new Map<string, number>();
  readonly opened = new Set<string>();
  readonly #line = new CuttableLine();
  readonly #stops: (() => void)[] = [];

  /** Each of its lines goes to any of the nodes; resolves when it has its list. */
  static async open(
    tenant: Tenant,
    sockets: readonly string[],
    random: () => number,
  ): Promise<Watcher> {
    const watcher = new Watcher(tenant, sockets, random);
    await ready(watcher.client);
    return watcher;
  }

  private constructor(tenant: Tenant, sockets: readonly string[], random: () => number) {
    const { environment } = this.#line;
    this.client = createClient(
      { url: 'http://chosen.for.each.line', getToken: async () => tenant.token('ann') },
      {
        ...environment,
        random: () => random() * 0.1,
        connect: (_, events) =>
          environment.connect(pickFrom(sockets, random), {
            ...events,
            frame: (text) => {
              this.#count(text);
              events.frame(text);
            },
          }),
      },
    );
    this.client.connect();
  }

  open(conversation: string): void {
    if (this.opened.has(conversation)) return;
    this.opened.add(conversation);
    this.#stops.push(this.client.conversation(conversation).open());
  }

  watch(people: readonly string[]): void {
    this.#stops.push(this.client.presence.watch(people));
  }

  cut(): void {
    this.#line.cut();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.client.disconnect();
  }

  /** Whether this event came, after as many as there were before. */
  async hears(event: ServerEvent['event'], before: number, waitMs: number): Promise<boolean> {
    const deadline = performance.now() + waitMs;
    while ((this.heard.get(event) ?? 0) <= before) {
      if (performance.now() > deadline) return false;
      await pause(5);
    }
    return true;
  }

  /** Everything on the screen. `silent` have blocked ann, see `stateOf`. */
  screen(silent: ReadonlySet<string>): object {
    const online = Object.entries(this.client.presence.getSnapshot()).map(([user, { online }]) => [
      user,
      online,
    ]);
    return { ...stateOf(this.client, this.opened, silent), online: Object.fromEntries(online) };
  }

  /** Waits until it has all that it asked for. */
  settled(): Promise<void> {
    return settled(this.client, this.opened);
  }

  #count(text: string): void {
    const name = /^\{"event":"([a-z.]+)"/.exec(text)?.[1];
    if (name !== undefined) this.heard.set(name, (this.heard.get(name) ?? 0) + 1);
  }
}

/** Waits until both screens show the same; answers how long it took, or how they differ. */
export async function compareScreens(
  watching: Watcher,
  fresh: Watcher,
  silent: ReadonlySet<string>,
  waitMs: number,
): Promise<{ readonly ms: number } | { readonly difference: string }> {
  const began = performance.now();
  for (;;) {
    const [mine, theirs] = [watching.screen(silent), fresh.screen(silent)];
    const ms = performance.now() - began;
    if (isDeepStrictEqual(mine, theirs)) return { ms };
    if (ms > waitMs) return { difference: differenceOf(mine, theirs) };
    await pause(10);
  }
}

/** The first place where they differ. */
function differenceOf(mine: unknown, theirs: unknown, path = 'screen'): string {
  const isObject = (value: unknown) => typeof value === 'object' && value !== null;
  if (!isObject(mine) || !isObject(theirs)) {
    return `${path}: folded ${JSON.stringify(mine)}, read ${JSON.stringify(theirs)}`;
  }
  const [a, b] = [new Map(Object.entries(mine ?? {})), new Map(Object.entries(theirs ?? {}))];
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    if (!isDeepStrictEqual(a.get(key), b.get(key))) {
      return differenceOf(a.get(key), b.get(key), `${path}.${key}`);
    }
  }
  return `${path}: no difference in what can be listed`;
}
