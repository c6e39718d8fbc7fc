interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

/** A clock that stands still until it is told to go on. */
export class FakeClock {
  #now = Date.parse('2026-01-01T00:00:00.000Z');
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  readonly now = (): number => this.#now;

  readonly after = (ms: number, call: () => void): (() => void) => {
    const alarm = { at: this.#now + ms, order: this.#order++, call };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  };

  /** Alarms that are set. */
  get alarms(): number {
    return this.#alarms.size;
  }

  /** Milliseconds to the next alarm. */
  get next(): number {
    return Math.min(...Array.from(this.#alarms, ({ at }) => at)) - this.#now;
  }

  /** Time passes; everything due happens on its way, and what follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const [due] = [...this.#alarms]
        .filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order);
      if (due === undefined) break;
      this.#alarms.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.call();
      await settled();
    }
    this.#now = end;
  }

  /** The device sleeps: time passes and nothing happens. */
  sleep(ms: number): void {
    this.#now += ms;
  }
}

/** Whatever promises were settled have had their effect. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
