/**
 * How far I am with what concerns me alone (being added, removed): `me` on the wire.
 *
 * Its events name no predecessor, and some changes have no event. So an event that skips numbers is
 * applied, but counts as known only once `sync` has told what was skipped.
 */
export class PersonalVersion {
  #known = 0;
  /** Numbers above those known, and the conversation that each was about. */
  readonly #ahead = new Map<number, string>();

  get known(): number {
    return Math.max(this.#known, 0);
  }

  /** Whether something was skipped. */
  get hasGap(): boolean {
    return this.#ahead.size > 0;
  }

  /** Takes an event's number. False: what it says is known, or superseded by a newer one. */
  take(me: number, conversation: string): boolean {
    if (me <= this.#known || this.#ahead.has(me)) return false;
    const newer = [...this.#ahead].some(([other, about]) => about === conversation && other > me);
    this.#ahead.set(me, conversation);
    this.#advance();
    return !newer;
  }

  /** Everything up to here was told. */
  told(me: number): void {
    this.#known = Math.max(this.#known, me);
    this.#advance();
  }

  /** Another history began: its numbers say nothing of those before. */
  restart(): void {
    this.#known = -1;
    this.#ahead.clear();
  }

  #advance(): void {
    while (this.#ahead.delete(this.#known + 1)) this.#known++;
    for (const me of this.#ahead.keys()) if (me <= this.#known) this.#ahead.delete(me);
  }
}
