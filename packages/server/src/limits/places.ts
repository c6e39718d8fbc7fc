interface PlacesOptions {
  readonly most: number;
  /** Of these, what one key may take. */
  readonly each: number;
}

/** Counts who is in: so many in all, so many of one key. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #taken = new Map<string, number>();
  #size = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes a place; false when there is none for this key. */
  enter(key: string): boolean {
    const taken = this.#taken.get(key) ?? 0;
    if (this.#size >= this.#options.most || taken >= this.#options.each) return false;
    this.#taken.set(key, taken + 1);
    this.#size++;
    return true;
  }

  /** Gives a place back that was taken. */
  leave(key: string): void {
    const taken = this.#taken.get(key);
    if (taken === undefined) return;
    this.#size--;
    if (taken > 1) this.#taken.set(key, taken - 1);
    else this.#taken.delete(key);
  }
}
