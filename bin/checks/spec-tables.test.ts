import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { specTableFindings } from './spec-tables.ts';

const spec = 'docs/SPEC.md';
const events = 'packages/protocol/src/events.ts';

/** The findings in our own specification, once it was changed like this. */
function findings(change: (text: string) => string): string[] {
  return specTableFindings(
    new Map([
      [spec, change(readFileSync(spec, 'utf8'))],
      [events, readFileSync(events, 'utf8')],
    ]),
  );
}

test('The tables of the specification are those of the protocol', () => {
  expect(findings((text) => text)).toEqual([]);
});

test.each([
  ['a command', 'Commands', '| `message.send` |'],
  ['a command that an event is called like', 'Commands', '| `read` |'],
  ['an act', 'Who may do what', '| `hello` | anyone |'],
  [
    'an act of the HTTP door',
    'Who may do what',
    '| `createConversationFor` | an API key for conversations |',
  ],
  ['an event', 'Events', '| `message.created` |'],
  ['an event that shares its form', 'Events', '| `delivered` |'],
  ['an error code', 'Error codes', '| `id_reused` | 409 | no |'],
  ['a close code', 'Close codes', '| 4008 | reading too slowly |'],
  ['a limit', 'Limits', '| `frameBytes` | 65,536 |'],
  ['a rate', 'Rates', '| `addressFailures` | 30 | 60,000 |'],
  ['a bound', 'Bounds', '| `greeting` | 20,000 |'],
])('%s that is missing is found', (_what, heading, start) => {
  const cut = (text: string): string => {
    const from = text.indexOf(`\n${start}`, text.indexOf(`\n## ${heading}\n`));
    return text.slice(0, from) + text.slice(text.indexOf('\n', from + 1));
  };
  expect(findings(cut)).toEqual([`docs/SPEC.md: under "${heading}" no row begins with "${start}"`]);
});

test.each([
  [
    'a right',
    '| `member.update` | owners of the group; no guest |',
    '| `member.update` | owners and admins of the group; no guest |',
  ],
  ['a status', '| `id_reused` | 409 |', '| `id_reused` | 400 |'],
  ['a limit', '| `frameBytes` | 65,536 |', '| `frameBytes` | 65,535 |'],
  ['a close reason', '| 4008 | reading too slowly |', '| 4008 | slow |'],
])('%s that differs is found as missing and as unknown', (_what, right, wrong) => {
  expect(findings((text) => text.replace(right, wrong))).toHaveLength(2);
});

test('A row of something that the protocol does not have is found', () => {
  const row = '| `message.burn` | `conversation` | burns it |\n';
  expect(
    findings((text) => text.replace('| `message.send` |', `${row}| \`message.send\` |`)),
  ).toEqual([expect.stringContaining('the protocol has no "| `message.burn`')]);
});
