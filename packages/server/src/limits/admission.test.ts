import { ParleyError } from '@parley/protocol';
import { expect, it } from 'vitest';
import { Admission } from './admission.ts';

function doorOf(atOnce: number, longestWaitMs: number) {
  const clock = { now: 0 };
  const admission = new Admission({
    atOnce,
    longestWaitMs,
    now: () => clock.now,
    random: () => 0.5,
  });
  const inside: string[] = [];
  const refused: number[] = [];
  const come = (lane: string, name = lane) =>
    admission.enter(lane).then(
      () => void inside.push(name),
      (error: unknown) => {
        if (!(error instanceof ParleyError)) throw error;
        expect(error.code).toBe('unavailable');
        refused.push(error.retryAfterMs ?? 0);
      },
    );
  return { clock, admission, inside, refused, come };
}

const tick = () => new Promise(setImmediate);

it('[LI50] lets so many in at once, and the next when one is served', async () => {
  const { admission, inside, come } = doorOf(2, 1_000);
  for (const name of ['1', '2', '3', '4']) void come('a', name);
  await tick();
  expect([inside, admission.waiting]).toEqual([['1', '2'], 2]);
  admission.leave();
  await tick();
  expect(inside).toEqual(['1', '2', '3']);
  for (let n = 0; n < 3; n++) admission.leave();
  await tick();
  void come('a', '5');
  void come('a', '6');
  await tick();
  expect([inside.length, admission.waiting]).toEqual([6, 0]);
});

it('[LI50] lanes take turns: one newcomer does not wait behind the storm of others', async () => {
  const { admission, inside, come } = doorOf(1, 1_000);
  for (let n = 0; n < 100; n++) void come('storm');
  void come('b');
  await tick();
  admission.leave();
  admission.leave();
  await tick();
  expect(inside).toContain('b');
});

it('[LI50] who would wait too long is told when to come back, by what serving takes', async () => {
  const { clock, admission, refused, inside, come } = doorOf(10, 2_000);
  for (let n = 0; n < 510; n++) void come('a');
  // Fifty a second: far less than was guessed at first.
  for (let n = 0; n < 250; n++) {
    clock.now += 20;
    admission.leave();
  }
  await tick();
  expect([inside.length, refused.length]).toEqual([260, 0]);
  await come('a');
  expect(refused).toHaveLength(1);
  expect(refused[0]).toBeGreaterThan(1_500);
  expect(refused[0]).toBeLessThan(5_500);
  expect(admission.shutForMs).toBeGreaterThan(0);
  // Others are not held up by the one with the long line.
  void come('b');
  await tick();
  expect(refused).toHaveLength(1);
  for (let n = 0; n < 240; n++) {
    clock.now += 20;
    admission.leave();
  }
  expect(admission.shutForMs).toBe(0);
  void come('a');
  await tick();
  expect(refused).toHaveLength(1);
});
