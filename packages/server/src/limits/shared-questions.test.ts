import { expect, it, vi } from 'vitest';
import { SharedQuestions } from './shared-questions.ts';

interface Asked {
  readonly lane: string;
  readonly items: readonly number[];
  readonly end: () => void;
}

function bench(most: number) {
  const asked: Asked[] = [];
  const questions = new SharedQuestions<number, string>({
    most,
    weightOf: (item) => item,
    answer: (lane, items) =>
      new Promise((resolve, reject) => {
        asked.push({
          lane,
          items,
          end: () =>
            items.includes(13) ? reject(new Error('bad luck')) : resolve(items.map(String)),
        });
      }),
  });
  return { asked, questions };
}

const tick = () => new Promise(setImmediate);

it('[LI51] asks at once what comes in a tick, and together what comes while it is asked and just after', async () => {
  const { asked, questions } = bench(100);
  const first = [questions.ask('a', 1), questions.ask('a', 2), questions.ask('b', 3)];
  await tick();
  expect(asked.map(({ lane, items }) => [lane, items])).toEqual([
    ['a', [1, 2]],
    ['b', [3]],
  ]);
  const second = [4, 5, 6].map((n) => questions.ask('a', n));
  await tick();
  expect([asked.length, questions.size]).toEqual([2, 3]);
  for (const one of asked) one.end();
  expect(await Promise.all(first)).toEqual(['1', '2', '3']);
  // They are as in a storm: more may come.
  second.push(questions.ask('a', 7));
  await vi.waitFor(() => expect(asked.length).toBe(3));
  expect(asked.map(({ items }) => items)).toEqual([[1, 2], [3], [4, 5, 6, 7]]);
  asked[2]?.end();
  expect(await Promise.all(second)).toEqual(['4', '5', '6', '7']);
  expect(questions.size).toBe(0);
});

it('[LI51] a question weighs no more than it may, and fails for those who asked it alone', async () => {
  const { asked, questions } = bench(10);
  const answers = Promise.allSettled([4, 5, 13, 1, 2].map((n) => questions.ask('a', n)));
  for (let n = 0; n < 3; n++) {
    await tick();
    asked[n]?.end();
    await tick();
  }
  expect(asked.map(({ items }) => items)).toEqual([[4, 5], [13], [1, 2]]);
  expect((await answers).map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
});
