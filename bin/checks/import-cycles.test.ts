import { expect, test } from 'vitest';
import { importCycleFindings } from './import-cycles.ts';
import { readImports } from './import-graph.ts';

function findings(files: Readonly<Record<string, string>>): string[] {
  return importCycleFindings(readImports(new Map(Object.entries(files))));
}

test('A way of imports back to its start is found, types included', () => {
  expect(
    findings({
      'a/one.ts': "import { two } from '../b/two.ts';",
      'b/two.ts': "import type { Three } from '../c/three.ts';",
      'c/three.ts': "export { one } from '../a/one.ts';",
    }),
  ).toEqual(['import cycle: a/one.ts -> b/two.ts -> c/three.ts -> a/one.ts']);
});

test('A cycle is found when the search comes from outside it', () => {
  expect(
    findings({
      'a.ts': "import { b } from './b.ts';",
      'b.ts': "import { c } from './c.ts';",
      'c.ts': "import { b } from './b.ts';",
    }),
  ).toEqual(['import cycle: b.ts -> c.ts -> b.ts']);
});

test('A cycle through the entry of a package is found', () => {
  expect(
    findings({
      'packages/protocol/src/index.ts': "export { a } from './a.ts';",
      'packages/protocol/src/a.ts': "import { b } from '@parley/protocol';",
    }),
  ).toHaveLength(1);
});

test('Types of neighbours may know each other', () => {
  expect(
    findings({
      'a/room.ts': "import type { Person } from './person.ts';",
      'a/person.ts': "import { type Room } from './room.ts';",
    }),
  ).toEqual([]);
});

test('A cycle of neighbours is found when one of them needs more than a type', () => {
  expect(
    findings({
      'a/room.ts': "import { Person } from './person.ts';",
      'a/person.ts': "import { type Room, open } from './room.ts';",
    }),
  ).toHaveLength(1);
});

test('Two ways to one file are no cycle', () => {
  expect(
    findings({
      'a.ts': "import { b } from './b.ts';\nimport { c } from './c.ts';",
      'b.ts': "import { d } from './d.ts';",
      'c.ts': "import { d } from './d.ts';",
      'd.ts': 'export const d = 1;',
    }),
  ).toEqual([]);
});
