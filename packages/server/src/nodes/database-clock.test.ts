import { expect, test } from 'vitest';
import { DatabaseClock } from './database-clock.ts';

/** A database whose clock runs by its own, asked over a line that takes a while. */
class Asked {
  monotonic = 1_000;
  database = Date.UTC(2030, 0, 1);
  readonly setBack: number[] = [];
  readonly clock: DatabaseClock;

  constructor() {
    this.clock = new DatabaseClock(this.ask(10, 10), {
      monotonic: () => this.monotonic,
      onSetBack: (ms) => this.setBack.push(ms),
    });
  }

  pass(ms: number, databaseMs = ms): void {
    this.monotonic += ms;
    this.database += databaseMs;
  }

  ask(thereMs: number, backMs: number) {
    const askedAt = this.monotonic;
    this.pass(thereMs);
    const told = this.database;
    this.pass(backMs);
    return { askedAt, answeredAt: this.monotonic, told };
  }

  /** How far this node is behind the database. */
  get late(): number {
    return this.database - this.clock.now();
  }
}

test('[ND10] The time is the database’s, late by the quickest way back and never ahead', () => {
  const asked = new Asked();
  expect(asked.late).toBe(10);
  asked.clock.take(asked.ask(40, 1));
  expect(asked.late).toBe(1);
  asked.clock.take(asked.ask(1, 500));
  expect(asked.late).toBe(1);
  asked.pass(60_000);
  expect(asked.late).toBe(1);
});

test('[ND10] A monotonic clock that runs twice too fast, or stood still, is corrected', () => {
  const asked = new Asked();
  for (let i = 0; i < 20; i++) {
    asked.pass(2_000, 1_000);
    asked.clock.take(asked.ask(1, 1));
  }
  // It is waited for: nothing goes back.
  asked.pass(2_000);
  asked.clock.take(asked.ask(1, 1));
  expect(asked.late).toBe(1);
  asked.pass(0, 3_600_000);
  asked.clock.take(asked.ask(1, 2));
  expect(asked.late).toBe(2);
});

test('[ND10] Between two looks a clock that runs too fast is slowed down to the database’s', () => {
  const asked = new Asked();
  asked.pass(2_000, 1_000);
  asked.clock.take(asked.ask(1, 1));
  asked.clock.now();
  for (let i = 0; i < 5; i++) {
    asked.pass(2_000, 1_000);
    expect(asked.late).toBeGreaterThanOrEqual(0);
    expect(asked.late).toBeLessThan(20);
    asked.clock.take(asked.ask(1, 1));
  }
  // Back to its speed.
  asked.pass(2_000);
  asked.clock.take(asked.ask(1, 1));
  asked.pass(60_000);
  expect(asked.late).toBe(1);
});

test('[ND10] Two looks within a millisecond say nothing about how fast it runs', () => {
  const asked = new Asked();
  asked.pass(2_000);
  const { monotonic, database } = asked;
  asked.clock.take({ askedAt: monotonic, answeredAt: monotonic + 0.8, told: database + 0.3 });
  asked.clock.take({ askedAt: monotonic + 0.1, answeredAt: monotonic + 1, told: database + 0.5 });
  asked.pass(2_000);
  expect(asked.late).toBeLessThanOrEqual(1);
});

test('[ND11] The time does not go back when the database’s clock is set back a little', () => {
  const asked = new Asked();
  const before = asked.clock.now();
  asked.pass(0, -5_000);
  asked.clock.take(asked.ask(1, 1));
  expect(asked.clock.now()).toBe(before);
  asked.pass(4_000);
  expect(asked.clock.now()).toBe(before);
  asked.pass(5_000);
  expect(asked.late).toBe(1);
  expect(asked.setBack).toEqual([]);
});

test('[ND11] A database’s clock that is set back far is followed, and that is told', () => {
  const asked = new Asked();
  asked.clock.now();
  asked.pass(0, -3_600_000);
  asked.clock.take(asked.ask(1, 1));
  expect(asked.late).toBe(1);
  expect(asked.setBack).toHaveLength(1);
});
