import { expect, it } from 'vitest';
import { compareIds } from './members.ts';

it('[CL24] ids are in the order of their code points, as in the database', () => {
  const ids = ['b', '\u{1F600}', 'a', '\uFFFD', 'ab', 'Z', '', '\uE000', '\u{10000}'];
  const inUtf8 = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect([...ids].sort(compareIds)).toEqual(inUtf8);
});
