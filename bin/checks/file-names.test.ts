import { expect, test } from 'vitest';
import { fileNameFindings } from './file-names.ts';

test.each(['utils.ts', 'helpers.test.ts', 'common.css', 'types.ts', 'misc.md', 'util.sh'])(
  'A file called %s is found',
  (name) => {
    expect(fileNameFindings([`packages/server/src/messages/${name}`])).toHaveLength(1);
  },
);

test('A folder with such a name is found once', () => {
  expect(
    fileNameFindings(['packages/web/src/utils/time.ts', 'packages/web/src/utils/day.ts']),
  ).toEqual(['packages/web/src/utils: "utils" is a drawer for anything; name the thing in it']);
});

test('A name that only holds such a word is fine', () => {
  expect(fileNameFindings(['bin/lib/common-name.ts', 'packages/web/src/mime-types.ts'])).toEqual(
    [],
  );
});
