import { limits, ParleyError, type Presence } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import type { Requests } from '../line/requests.ts';
import { pauseMs } from '../monitor/backoff.ts';
import { Pace } from '../pace.ts';
import type { BlockedSnapshot, PresenceSnapshot, Store } from '../snapshots.ts';
import type { Cell } from '../store.ts';

/** Ids may be long: this many fit a frame whatever they are. */
const peoplePerCall = 100;
/** Gathers what a screen full of rows asks for, and lets a row that is drawn anew keep its watch. */
const gatherMs = 50;

const offline = { online: false, last_seen_at: null };

/** Who is online, among those watched: watchers counted, asked for together, asked for again after a cut. */
export class PresenceStore {
  readonly #env: Environment;
  readonly #requests: Requests;
  readonly #shown: Cell<PresenceSnapshot>;
  readonly #watchers = new Map<string, number>();
  /** Those whom the server tells of over the present line. */
  readonly #told = new Set<string>();
  /** Those told of by an event while an answer is awaited: the event is newer. */
  #news: Set<string> | null = null;
  readonly #pace: Pace;
  /** Whom I block: to me they are offline. */
  readonly #blocked: Store<BlockedSnapshot>;
  #blockedBefore: readonly string[] = [];
  #attempt = 0;

  constructor(
    env: Environment,
    requests: Requests,
    shown: Cell<PresenceSnapshot>,
    blocked: Store<BlockedSnapshot>,
  ) {
    this.#env = env;
    this.#requests = requests;
    this.#shown = shown;
    this.#blocked = blocked;
    blocked.subscribe(() => this.#blocksChanged());
    this.#pace = new Pace(env, { gatherMs, everyMs: 0, job: () => this.#ask() });
  }

  watch(users: readonly string[]): () => void {
    const watched = new Set(users);
    for (const user of watched) this.#watchers.set(user, (this.#watchers.get(user) ?? 0) + 1);
    this.#pace.want();
    return () => {
      for (const user of watched) {
        const left = (this.#watchers.get(user) ?? 1) - 1;
        if (left > 0) this.#watchers.set(user, left);
        else this.#watchers.delete(user);
      }
      watched.clear();
      this.#pace.want();
    };
  }

  told(presence: Presence): void {
    this.#news?.add(presence.id);
    if (this.#watchers.has(presence.id)) this.#show([presence]);
  }

  /** A new line: the server knows of no watch. */
  resume(): void {
    this.#told.clear();
    this.#attempt = 0;
    if (this.#watchers.size > 0) this.#pace.want();
  }

  stop(): void {
    this.#pace.stop();
  }

  /** Who is blocked goes offline; who no longer is has to be asked about. */
  #blocksChanged(): void {
    const blocked = this.#blocked.getSnapshot() ?? [];
    const shown = Object.keys(this.#shown.value).filter((user) => blocked.includes(user));
    this.#show(shown.map((id) => ({ id, ...offline })));
    for (const user of this.#blockedBefore) if (!blocked.includes(user)) this.#told.delete(user);
    this.#blockedBefore = blocked;
    if (this.#watchers.size > 0) this.#pace.want();
  }

  async #ask(): Promise<number | undefined> {
    const { line } = this.#requests;
    if (line === null) return undefined;
    try {
      await this.#unwatch();
      await this.#watch();
      this.#attempt = 0;
      return undefined;
    } catch (error) {
      // After a cut `resume` comes; what is refused for ever stays unknown.
      if (!(error instanceof ParleyError && error.retryable)) return undefined;
      return line === this.#requests.line
        ? gatherMs + pauseMs(++this.#attempt, error.retryAfterMs, this.#env.random)
        : undefined;
    }
  }

  async #unwatch(): Promise<void> {
    const users = [...this.#told].filter((user) => !this.#watchers.has(user));
    this.#forget();
    for (let i = 0; i < users.length; i += peoplePerCall) {
      const some = users.slice(i, i + peoplePerCall);
      for (const user of some) this.#told.delete(user);
      await this.#requests.ask('presence.unwatch', { users: some });
    }
  }

  async #watch(): Promise<void> {
    const room = limits.watchedPeople - this.#told.size;
    const users = [...this.#watchers.keys()].filter((user) => !this.#told.has(user)).slice(0, room);
    for (let i = 0; i < users.length; i += peoplePerCall) {
      const some = users.slice(i, i + peoplePerCall);
      const news = new Set<string>();
      this.#news = news;
      try {
        const answer = await this.#requests.ask('presence.watch', { users: some });
        for (const user of some) this.#told.add(user);
        this.#show(answer.users.filter(({ id }) => !news.has(id) && this.#watchers.has(id)));
      } finally {
        this.#news = null;
      }
    }
  }

  #show(people: readonly Presence[]): void {
    if (people.length === 0) return;
    const shown = Object.entries(this.#shown.value);
    const blocked = this.#blocked.getSnapshot() ?? [];
    const told = people.map(
      ({ id, online, last_seen_at }) =>
        [id, blocked.includes(id) ? offline : { online, last_seen_at }] as const,
    );
    this.#shown.set(Object.fromEntries([...shown, ...told]));
  }

  #forget(): void {
    const shown = Object.entries(this.#shown.value);
    const watched = shown.filter(([user]) => this.#watchers.has(user));
    if (watched.length < shown.length) this.#shown.set(Object.fromEntries(watched));
  }
}
