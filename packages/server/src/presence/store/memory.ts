import type { Scope } from '../../scope.ts';
import { personKey } from './person-key.ts';
import type { Counted, PresenceStore, Standing } from './store.ts';

/** Who is online where there is one node: whoever it has. Nothing is ever in doubt. */
export class MemoryPresenceStore implements PresenceStore {
  readonly #held = new Set<string>();
  #turn = 1;

  onChange(): void {}

  onSettled(): void {}

  async hold(person: Scope): Promise<Counted> {
    this.#held.add(personKey(person));
    return { elsewhere: false, turn: ++this.#turn };
  }

  async release(person: Scope): Promise<Counted> {
    this.#held.delete(personKey(person));
    return { elsewhere: false, turn: ++this.#turn };
  }

  async look(tenant: string, users: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
    const turn = this.#turn;
    return new Map(
      users.map((user) => [user, { online: this.#held.has(personKey({ tenant, user })), turn }]),
    );
  }

  async close(): Promise<void> {
    this.#held.clear();
  }
}
