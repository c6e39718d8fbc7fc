import { expect, test } from 'vitest';
import { timeOf } from './calendar.ts';
import { ContentHead } from './content-file.ts';
import { readTranscriptOf } from './transcript.ts';

test('A transcript is read with its days, answers and further lines', () => {
  const { room, entries } = read(`
    group: Kitchen
    people: maya, omar
    unread: omar 1

    == w2 tue
    09:12 maya #plan: Two things:

      - tea
      - cups
    == 1d
    18:00 omar >plan: Done: both.
    == now
    -5m maya: Thanks!`);
  expect(room.name).toBe('Kitchen');
  expect(room.unread).toEqual(new Map([['omar', 1]]));
  expect(entries.map(({ from, text, replyTo }) => ({ from, text, replyTo }))).toEqual([
    { from: 'maya', text: 'Two things:\n\n- tea\n- cups', replyTo: null },
    { from: 'omar', text: 'Done: both.', replyTo: 0 },
    { from: 'maya', text: 'Thanks!', replyTo: null },
  ]);
});

test.each([
  ['somebody unknown', 'group: A\npeople: maya, bob', 'line 2: "bob" is nobody'],
  ['a stranger who speaks', 'group: A\npeople: maya\n\n== 1d\n10:00 omar: Hi', 'line 5: expected'],
  ['an answer to nothing', 'group: A\npeople: maya\n\n== 1d\n10:00 maya >x: Hi', 'named #x'],
  ['a clock time under now', 'group: A\npeople: maya\n\n== now\n10:00 maya: Hi', 'line 5: minutes'],
  [
    'a weekday of last week',
    'group: A\npeople: maya\n\n== w1 mon\n10:00 maya: Hi',
    'two weeks ago',
  ],
  ['a direct one of three', 'direct:\npeople: maya, omar, zoe', 'has two people'],
])('A content file with %s is refused with its line', (_, file, complaint) => {
  expect(() => read(file)).toThrow(complaint);
});

test('Working days are counted back over the weekend', () => {
  const monday = new Date(2026, 4, 18, 8, 0).getTime();
  const friday = new Date(2026, 4, 15, 17, 30).getTime();
  expect(timeOf({ type: 'workday', days: 1, minute: 17 * 60 + 30 }, monday)).toBe(friday);
  const sunday = new Date(2026, 4, 17, 8, 0).getTime();
  expect(timeOf({ type: 'workday', days: 1, minute: 17 * 60 + 30 }, sunday)).toBe(friday);
});

function read(text: string) {
  const lines = text
    .replace(/^\n/, '')
    .split('\n')
    .map((line, index) => ({ number: index + 1, text: line.replace(/^ {4}/, '') }));
  return readTranscriptOf('test', new ContentHead('test', lines));
}
