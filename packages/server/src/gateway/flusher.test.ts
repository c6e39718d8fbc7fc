import { expect, it } from 'vitest';
import { Flusher } from './flusher.ts';

const turn = () => new Promise(setImmediate);

/** Output that takes a while to write. */
function output(name: string, into: string[], ms = 0) {
  return {
    flush() {
      into.push(name);
      const until = performance.now() + ms;
      while (performance.now() < until);
    },
  };
}

it('[LI13] what one tenant has to be told is written in slices, and others come in between', async () => {
  const flusher = new Flusher();
  const written: string[] = [];
  for (let n = 0; n < 1_000; n++) flusher.add('noisy', output('noisy', written, 0.05));
  await turn();
  const before = written.length;
  expect(before).toBeLessThan(1_000);
  flusher.add('quiet', output('quiet', written));
  while (written.length < 1_001) await turn();
  // Of the next piece it has its half, though the other tenant has hundreds before it.
  expect(written.indexOf('quiet')).toBeLessThanOrEqual(before + 128);
});

it('[LI13] who falls far behind is written out whole, before more is read', async () => {
  const flusher = new Flusher();
  const written: string[] = [];
  const started = performance.now();
  let turns = 0;
  for (let n = 0; n < 5_000; n++) flusher.add('noisy', output('noisy', written, 0.1));
  while (written.length < 5_000) {
    await turn();
    turns++;
  }
  // Half a second of work: a tenth of it in slices, the rest at once.
  expect(performance.now() - started).toBeGreaterThan(400);
  expect(turns).toBeLessThan(40);
});
