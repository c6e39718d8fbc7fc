import { limits } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import { Timer } from '../timer.ts';

const nobody: readonly string[] = [];

/** Who is typing where, as told by the server; a sign that is not refreshed goes out by itself. */
export class TypingSigns {
  readonly #env: Pick<Environment, 'now' | 'after'>;
  readonly #changed: (conversation: string) => void;
  readonly #timer: Timer;
  /** By conversation and person: when the sign goes out. */
  readonly #signs = new Map<string, Map<string, number>>();
  readonly #people = new Map<string, readonly string[]>();

  constructor(env: Pick<Environment, 'now' | 'after'>, changed: (conversation: string) => void) {
    this.#env = env;
    this.#changed = changed;
    this.#timer = new Timer(env);
  }

  /** In the order of beginning; the same list until somebody begins or ends. */
  people(conversation: string): readonly string[] {
    return this.#people.get(conversation) ?? nobody;
  }

  begin(conversation: string, user: string): void {
    const signs = this.#signs.get(conversation) ?? new Map<string, number>();
    const isNew = !signs.has(user);
    signs.set(user, this.#env.now() + limits.typingExpiryMs);
    this.#signs.set(conversation, signs);
    if (isNew) this.#show(conversation);
    if (!this.#timer.armed) this.#timer.set(limits.typingExpiryMs, () => this.#expire());
  }

  end(conversation: string, user: string): void {
    if (this.#signs.get(conversation)?.delete(user)) this.#show(conversation);
  }

  /** Nothing is heard of this person any more, anywhere. */
  endOf(user: string): void {
    for (const conversation of [...this.#signs.keys()]) this.end(conversation, user);
  }

  /** Nobody is heard of any more. */
  clear(): void {
    this.#timer.clear();
    const conversations = [...this.#signs.keys()];
    this.#signs.clear();
    for (const conversation of conversations) this.#show(conversation);
  }

  #expire(): void {
    const now = this.#env.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [conversation, signs] of this.#signs) {
      for (const [user, until] of signs) {
        // Beyond the longest: the clock was set back since.
        if (until <= now || until > now + limits.typingExpiryMs) this.end(conversation, user);
        else next = Math.min(next, until);
      }
    }
    if (this.#signs.size > 0) this.#timer.set(next - now, () => this.#expire());
  }

  #show(conversation: string): void {
    const signs = this.#signs.get(conversation);
    if (signs === undefined || signs.size === 0) {
      this.#signs.delete(conversation);
      this.#people.delete(conversation);
    } else this.#people.set(conversation, [...signs.keys()]);
    this.#changed(conversation);
  }
}
