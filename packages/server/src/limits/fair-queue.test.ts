import { describe, expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';

function queueOf(lanes: Readonly<Record<string, number>>): FairQueue<string> {
  const queue = new FairQueue<string>({ weightOf: (item) => item.length });
  for (const [lane, count] of Object.entries(lanes)) {
    for (let n = 0; n < count; n++) queue.push(lane, `${lane}${n}`);
  }
  return queue;
}

const countOf = (items: readonly string[], lane: string) =>
  items.filter((item) => item.startsWith(lane)).length;

describe('a fair queue', () => {
  it('[LI10] takes turns, and gives what some leave over to the others', () => {
    const queue = queueOf({ a: 10_000, b: 3, c: 100 });
    const taken = queue.take(60);
    expect(taken).toHaveLength(60);
    expect([countOf(taken, 'b'), countOf(taken, 'c')]).toEqual([3, 20]);
    expect(countOf(taken, 'a')).toBe(37);
  });

  it('[LI10] with more lanes than places, everybody comes before anybody comes twice', () => {
    const queue = queueOf({ a: 9, b: 9, c: 9, d: 9, e: 9 });
    const first = [...queue.take(2), ...queue.take(2), ...queue.take(1)].map(([lane]) => lane);
    expect(first.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('[LI10] keeps the order of each lane, also of what was put back', () => {
    const queue = queueOf({ a: 3_000, b: 5 });
    const got: string[] = [];
    for (let n = 0; queue.size > 0; n++) {
      const taken = queue.take(7);
      if (n % 3 === 0) {
        const back = taken.filter((item) => item.startsWith('a'));
        queue.putBack('a', back);
        got.push(...taken.filter((item) => item.startsWith('b')));
      } else got.push(...taken);
    }
    for (const [lane, count] of [
      ['a', 3_000],
      ['b', 5],
    ] as const) {
      expect(got.filter((item) => item.startsWith(lane))).toEqual(
        Array.from({ length: count }, (_, n) => `${lane}${n}`),
      );
    }
    expect([queue.size, queue.weight, queue.lanes, queue.weightOf('a')]).toEqual([0, 0, 0, 0]);
  });

  it('[LI10] passes over a lane that may give nothing now, and keeps its turn', () => {
    const queue = queueOf({ a: 5, b: 5 });
    const onlyB = (lane: string) => (lane === 'a' ? 0 : 2);
    expect(queue.take(4, onlyB)).toEqual(['b0', 'b1']);
    expect(queue.take(1)).toEqual(['a0']);
  });

  it('counts and weighs what it holds', () => {
    const queue = queueOf({ a: 12, bb: 2 });
    expect([queue.size, queue.lanes, queue.sizeOf('a'), queue.sizeOf('nobody')]).toEqual([
      14, 2, 12, 0,
    ]);
    expect([queue.weightOf('bb'), queue.weight]).toEqual([6, 10 * 2 + 2 * 3 + 6]);
  });
});
