import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withProgress } from './report.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('[DB20] What takes long says so at once and then every few seconds', async () => {
  const lines: string[] = [];
  const work = Promise.withResolvers<string>();
  const result = withProgress((text) => lines.push(text), 'Making the database', work.promise);
  await vi.advanceTimersByTimeAsync(11_000);
  work.resolve('made');
  expect(await result).toBe('made');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lines).toEqual([
    'Making the database ...',
    'Making the database: still at it after 5 s ...',
    'Making the database: still at it after 10 s ...',
  ]);
});

test('[DB20] What is quick says nothing, and failures pass through', async () => {
  const lines: string[] = [];
  const failing = withProgress((text) => lines.push(text), 'x', Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lines).toEqual([]);
});
