import { expect, test } from 'vitest';
import { answerInTime } from './answer-in-time.ts';
import { bounds } from './bounds.ts';
import { FairTurns } from './fair-turns.ts';
import { UnderWay } from './under-way.ts';

test('[BP5] requests that have no answer are bounded: of a tenant, in all, by count and bytes', () => {
  const underWay = new UnderWay();
  for (let n = 0; n < bounds.requestsPerTenant; n++) expect(underWay.enter('a', 10)).toBe(true);
  expect(underWay.enter('a', 10)).toBe(false);
  expect(underWay.enter('b', bounds.requestBytesPerTenant)).toBe(true);
  expect(underWay.enter('b', 1)).toBe(false);
  underWay.leave('a', 10);
  expect(underWay.enter('a', 10)).toBe(true);
  let more = bounds.requests - bounds.requestsPerTenant - 1;
  for (let n = 0; more > 0; n++) {
    for (let each = 0; each < bounds.requestsPerTenant && more > 0; each++, more--) {
      expect(underWay.enter(`more${n}`, 10)).toBe(true);
    }
  }
  expect(underWay.enter('new', 1)).toBe(false);
});

test('[BP5] so are bytes of all together', () => {
  const underWay = new UnderWay();
  let lanes = 0;
  while (underWay.enter(`lane${lanes}`, bounds.requestBytesPerTenant)) lanes++;
  expect(lanes * bounds.requestBytesPerTenant).toBe(bounds.requestBytes);
  underWay.leave('lane0', bounds.requestBytesPerTenant);
  expect(underWay.enter('lane0', 1)).toBe(true);
});

test('[BP6] who waits too long for a turn is refused, and its place is not spent', async () => {
  const turns = new FairTurns({ most: 1, each: 1, waiting: 10, waitingInAll: 2, waitMs: 50 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = turns.take('a', () => promise);
  let ran = 0;
  const waiting = [turns.take('b', () => ran++), turns.take('c', () => ran++)];
  await expect(turns.take('d', () => ran++)).rejects.toMatchObject({ code: 'unavailable' });
  for (const one of waiting) {
    await expect(one).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
  }
  resolve();
  await first;
  expect(await turns.take('b', () => 'free')).toBe('free');
  expect(ran).toBe(0);
});

test('[BP7] what takes too long is answered as unavailable, and what fails later troubles nobody', async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  await expect(answerInTime(promise, 10)).rejects.toMatchObject({
    code: 'unavailable',
    retryable: true,
  });
  reject(new Error('too late'));
  await expect(answerInTime(Promise.resolve('in time'), 1_000)).resolves.toBe('in time');
  await expect(answerInTime(Promise.reject(new Error('why')), 1_000)).rejects.toThrow('why');
});
