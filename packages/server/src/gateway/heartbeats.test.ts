import { limits } from '@parley/protocol';
import { expect, test } from 'vitest';
import { Heartbeats } from './heartbeats.ts';

class Line {
  heardAt = 0;
  pingedAt = 0;
  readonly intake = { isHeld: false };
  readonly pings: number[] = [];
  /** Answers pings from the other end until this time. */
  readonly aliveUntil: number;

  constructor(now: number, aliveUntil: number) {
    this.aliveUntil = aliveUntil;
    this.heardAt = now;
    this.pingedAt = now;
  }

  ping(now: number): void {
    this.pingedAt = now;
    this.pings.push(now);
    if (now < this.aliveUntil) this.heardAt = now + 1;
  }
}

/** Lets time pass, in steps of a tick. */
function run(beats: Heartbeats<Line>, from: number, ms: number, tickMs = 400): number {
  let now = from;
  for (; now <= from + ms; now += tickMs) beats.tick(now);
  return now;
}

test('[BP12] a socket of which nothing is heard is freed within 45 s, whenever it went', () => {
  for (let leaves = 0; leaves < 20_000; leaves += 700) {
    const start = performance.now();
    const dead: Line[] = [];
    const beats = new Heartbeats<Line>({ onDead: (line) => dead.push(line) });
    const [gone, there] = [
      new Line(start, start + leaves),
      new Line(start, Number.POSITIVE_INFINITY),
    ];
    beats.add(gone);
    beats.add(there);
    // Its last word was no later than when it left.
    run(beats, start, leaves + 45_000);
    expect(dead).toContain(gone);
    expect(dead).not.toContain(there);
    expect(there.pings.length).toBeGreaterThan(0);
    beats.close();
  }
});

test('[BP12] pings come as often as hello says, and any frame keeps a socket', () => {
  const start = performance.now();
  const beats = new Heartbeats<Line>({ onDead: () => expect.unreachable() });
  const line = new Line(start, Number.POSITIVE_INFINITY);
  beats.add(line);
  run(beats, start, 120_000);
  const pauses = line.pings.map((at, n) => at - (line.pings[n - 1] ?? start));
  for (const ms of pauses) {
    expect(ms).toBeGreaterThanOrEqual(limits.heartbeatMs);
    expect(ms).toBeLessThanOrEqual(limits.heartbeatMs + 5_000);
  }
  beats.close();
});

test('[BP13] while we stood still, or did not read, silence is not theirs', () => {
  const start = performance.now();
  const dead: Line[] = [];
  const beats = new Heartbeats<Line>({ onDead: (line) => dead.push(line) });
  const [one, held] = [new Line(start, start), new Line(start, start)];
  held.intake.isHeld = true;
  beats.add(one);
  beats.add(held);
  let now = run(beats, start, 30_000);
  // A minute in which this process did not run; the answer lies unread in the system.
  now = run(beats, now + 60_000, 8_000);
  expect(dead).toEqual([]);
  run(beats, now, 45_000);
  expect(dead).toContain(one);
  expect(dead).not.toContain(held);
  beats.close();
});
