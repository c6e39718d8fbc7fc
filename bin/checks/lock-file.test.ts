import { expect, test } from 'vitest';
import { lockFileFindings } from './lock-file.ts';

/** The findings when the server wants `wanted` and the lock file knows `known`. */
function findings(
  wanted: Readonly<Record<string, string>>,
  known: Readonly<Record<string, string>>,
): string[] {
  const packages = { '': {}, 'packages/server': { dependencies: known } };
  return lockFileFindings(
    new Map([
      ['package.json', '{}'],
      ['packages/server/package.json', JSON.stringify({ dependencies: wanted })],
      ['package-lock.json', JSON.stringify({ packages })],
    ]),
  );
}

test('What is locked as it is wanted is fine', () => {
  expect(findings({ ws: '8.23.0' }, { ws: '8.23.0' })).toEqual([]);
});

test.each([
  ['added', { ws: '8.23.0', pg: '8.23.1' }, { ws: '8.23.0' }],
  ['removed', {}, { ws: '8.23.0' }],
  ['raised', { ws: '8.24.0' }, { ws: '8.23.0' }],
])('A dependency that was %s without npm install is found', (_what, wanted, known) => {
  expect(findings(wanted, known)).toEqual([expect.stringContaining('run npm install')]);
});

test.each(['^8.23.0', '~8.23.0', '8', '*', 'latest', 'github:websockets/ws'])(
  'The version %s is found: it is not exact',
  (version) => {
    expect(findings({ ws: version }, { ws: version })).toEqual([
      `packages/server/package.json: ws "${version}" is not an exact version`,
    ]);
  },
);
