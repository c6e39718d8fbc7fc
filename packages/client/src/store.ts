import type { Store } from './snapshots.ts';

/** Collects the stores that change while something is applied, then tells each once. */
export class Batch {
  #depth = 0;
  readonly #changed = new Set<View<unknown>>();

  run<T>(apply: () => T): T {
    this.#depth++;
    try {
      return apply();
    } finally {
      this.#depth--;
      this.#tell();
    }
  }

  add(view: View<unknown>): void {
    this.#changed.add(view);
    this.#tell();
  }

  #tell(): void {
    if (this.#depth > 0) return;
    const views = [...this.#changed];
    this.#changed.clear();
    for (const view of views) view.tell();
  }
}

/**
 * A store over something that is kept elsewhere: reads it again only after `changed()`.
 *
 * Its functions need no `this`, so they can be handed on: `useSyncExternalStore(s.subscribe, s.getSnapshot)`.
 */
export class View<T> implements Store<T> {
  readonly getSnapshot: () => T;
  readonly subscribe: (listener: () => void) => () => void;
  readonly #batch: Batch;
  readonly #listeners = new Set<{ readonly call: () => void }>();
  #read: { readonly value: T } | null = null;

  constructor(batch: Batch, read: () => T) {
    this.#batch = batch;
    this.getSnapshot = () => {
      this.#read ??= { value: read() };
      return this.#read.value;
    };
    this.subscribe = (listener) => {
      const entry = { call: listener };
      this.#listeners.add(entry);
      return () => this.#listeners.delete(entry);
    };
  }

  changed(): void {
    this.#read = null;
    this.#batch.add(this);
  }

  tell(): void {
    for (const { call } of [...this.#listeners]) {
      try {
        call();
      } catch (error) {
        // A broken listener is its owner's to hear of; the state goes on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** A store that holds its value itself. */
export class Cell<T> extends View<T> {
  #value: T;

  constructor(batch: Batch, value: T) {
    super(batch, () => this.#value);
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (value === this.#value) return;
    this.#value = value;
    this.changed();
  }
}
