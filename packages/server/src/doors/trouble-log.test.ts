import { ParleyError } from '@parley/protocol';
import { expect, test } from 'vitest';
import { TroubleLog } from './trouble-log.ts';

test('[BP8] what fails again and again is told once a second, with how often it was not', () => {
  const lines: unknown[][] = [];
  const trouble = new TroubleLog({
    warn: (...line: unknown[]) => lines.push(['warn', ...line]),
    error: (...line: unknown[]) => lines.push(['error', ...line]),
  });
  for (let n = 0; n < 1_000; n++) trouble.warn({ n }, 'the database does not answer');
  trouble.warn({ n: 0 }, 'something else');
  expect(lines).toEqual([
    ['warn', { n: 0, untold: 0 }, 'the database does not answer'],
    ['warn', { n: 0, untold: 0 }, 'something else'],
  ]);
  trouble.background(new ParleyError('unavailable'));
  trouble.background(new TypeError('a defect'));
  expect(lines.slice(2).map(([level]) => level)).toEqual(['warn', 'error']);
});
