import type { Outcome } from './flood.ts';

/** Counts what comes of one job. */
export class Counter {
  #began = 0;
  #attempts = 0;
  #refused = 0;
  #accepted: number[] = [];
  #others: Record<string, number> = {};

  /** Forgets what was before. */
  begin(at: number): void {
    this.#began = at;
    this.#attempts = 0;
    this.#refused = 0;
    this.#accepted = [];
    this.#others = {};
  }

  attempt(): void {
    this.#attempts++;
  }

  accept(): void {
    this.#accepted.push(performance.now() - this.#began);
  }

  refuse(): void {
    this.#refused++;
  }

  other(what: string): void {
    this.#others[what] = (this.#others[what] ?? 0) + 1;
  }

  outcome(): Outcome {
    return {
      attempts: this.#attempts,
      accepted: this.#accepted,
      refused: this.#refused,
      others: this.#others,
    };
  }
}
