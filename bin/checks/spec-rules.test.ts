import { expect, test } from 'vitest';
import { specRuleFindings } from './spec-rules.ts';

const path = 'packages/server/tests/talk.test.ts';

/** A test file with these titles. Ids are put together here, so that this file quotes no rule. */
function titles(...ids: readonly string[]): string {
  return ids.map((id) => `test('[${id}] a message arrives', () => {});`).join('\n');
}

function findings(spec: string, tests: string, testPath = path): string[] {
  return specRuleFindings(
    new Map([
      ['docs/SPEC.md', spec],
      [testPath, tests],
    ]),
  );
}

test('Rules and titles that fit are fine, however often a rule is quoted', () => {
  const spec = '# Rules\n\n- **MS1** A message arrives.\n- **E10** It stays.';
  expect(findings(spec, titles('MS1', 'E10', 'MS1'))).toEqual([]);
});

test('A rule that no title quotes is found', () => {
  expect(findings('- **MS1** One.\n- **MS2** Two.', titles('MS1'))).toEqual([
    'docs/SPEC.md:2: no test title quotes MS2',
  ]);
});

test('A title that quotes what is no rule is found', () => {
  expect(findings('- **MS1** One.', titles('MS1', 'MS2'))).toEqual([
    `${path}:2: MS2 is no rule of docs/SPEC.md`,
  ]);
});

test('A rule that stands twice is found', () => {
  expect(findings('- **MS1** One.\n\n- **MS1** Another.', titles('MS1'))).toEqual([
    'docs/SPEC.md:3: MS1 stands in line 1 already',
  ]);
});

test('A rule that is only mentioned, or has no words, is no rule', () => {
  const spec = 'See **MS1** below.\n- **MS1**\n';
  expect(findings(spec, titles('MS1'))).toEqual([`${path}:1: MS1 is no rule of docs/SPEC.md`]);
});

test('Without the specification every title is found', () => {
  expect(specRuleFindings(new Map([[path, titles('MS1')]]))).toHaveLength(1);
});

test.each([
  ['packages/server/src/bus/bus.contract.ts', 0],
  ['e2e/talk.test.ts', 0],
  ['packages/web/src/place/place.test.tsx', 0],
  ['packages/server/src/bus/bus.ts', 1],
  ['docs/notes.md', 1],
])('Titles in %s: %i findings', (testPath, count) => {
  expect(findings('- **MS1** One.', titles('MS1'), testPath)).toHaveLength(count);
});
