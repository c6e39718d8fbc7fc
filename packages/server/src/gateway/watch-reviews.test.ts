import { expect, it } from 'vitest';
import { WatchReviews } from './watch-reviews.ts';

/** What connections of one person watch. */
function watching(...watched: string[][]) {
  return watched.map((users) => ({ watched: new Set(users) }));
}

it('[LI14] what comes while one question is out goes into the next, for all connections', async () => {
  const lines = watching(['bob', 'cy'], ['cy', 'dan']);
  const asked: (readonly string[])[] = [];
  const answers: PromiseWithResolvers<ReadonlySet<string>>[] = [];
  const reviews = new WatchReviews({
    watchersOf: () => lines,
    visible: (_scope, users) => {
      asked.push(users);
      const answer = Promise.withResolvers<ReadonlySet<string>>();
      answers.push(answer);
      return answer.promise;
    },
    unwatch: (connection, users) => {
      for (const user of users) connection.watched.delete(user);
    },
    onError: () => {},
  });
  const ann = { tenant: 'acme', user: 'ann' };
  reviews.add(ann, ['cy']);
  for (const user of ['bob', 'dan', 'bob', 'nobody']) reviews.add(ann, [user]);
  answers[0]?.resolve(new Set());
  await expect.poll(() => asked.length).toBe(2);
  answers[1]?.resolve(new Set(['dan']));
  await expect.poll(() => lines.map(({ watched }) => [...watched])).toEqual([[], ['dan']]);
  expect(asked).toEqual([['cy'], ['bob', 'dan']]);
});

it('[PT15] a question without an answer is asked again', async () => {
  const [line] = watching(['bob']);
  let asked = 0;
  const failures: unknown[] = [];
  const reviews = new WatchReviews({
    watchersOf: () => (line === undefined ? [] : [line]),
    visible: async () => {
      if (++asked === 1) throw new Error('the database is away');
      return new Set();
    },
    unwatch: (connection, users) => {
      for (const user of users) connection.watched.delete(user);
    },
    onError: (error) => failures.push(error),
  });
  reviews.add({ tenant: 'acme', user: 'ann' }, ['bob']);
  await expect.poll(() => line?.watched.size, { timeout: 10_000 }).toBe(0);
  expect(failures).toHaveLength(1);
});
