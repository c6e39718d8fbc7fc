import { expect, test } from 'vitest';
import { queued, said } from '../testing/said.ts';
import { arrange, type Day } from './arrange.ts';

const rows = (days: readonly Day[]) => days.flatMap((day) => day.blocks.flatMap((b) => b.rows));
const groups = (days: readonly Day[]) => rows(days).map((row) => `${+row.first}${+row.last}`);
const input = (
  messages: Parameters<typeof arrange>[0]['messages'],
  newFrom: number | null = null,
) => ({
  messages,
  me: 'me',
  newFrom,
});

test('[PG1] messages of one person within five minutes of each other are one group', () => {
  const days = arrange(
    input([
      said(1, 'maya', '2026-11-20T10:00:00'),
      said(2, 'maya', '2026-11-20T10:04:59'),
      said(3, 'maya', '2026-11-20T10:09:59'),
      said(4, 'maya', '2026-11-20T10:15:00'),
    ]),
  );
  expect(groups(days)).toEqual(['10', '00', '01', '11']);
});

test('[PG1] another person, an act and the New line each end a group', () => {
  const days = arrange(
    input(
      [
        said(1, 'maya', '2026-11-20T10:00:00'),
        said(2, 'jonas', '2026-11-20T10:00:10'),
        said(3, 'jonas', '2026-11-20T10:00:20', { kind: 'system', act: { type: 'member_left' } }),
        said(4, 'jonas', '2026-11-20T10:00:30'),
        said(5, 'jonas', '2026-11-20T10:00:40'),
      ],
      5,
    ),
  );
  expect(groups(days)).toEqual(['11', '11', '11', '11', '11']);
  expect(rows(days).map((row) => row.newHere)).toEqual([false, false, false, false, true]);
});

test('[PG1] a group goes on across the edge of a block', () => {
  const many = Array.from({ length: 60 }, (_, i) => said(i + 1, 'maya', '2026-11-20T10:00:00'));
  const days = arrange(input(many));
  expect(days[0]?.blocks.length).toBeGreaterThan(2);
  expect(groups(days)).toEqual(['10', ...Array(58).fill('00'), '01']);
});

test('[PG5] the New line stands in no wrong place while the first unread is not loaded', () => {
  const loaded = [50, 51].map((seq) => said(seq, 'maya', '2026-11-20T10:00:00'));
  expect(rows(arrange(input(loaded, 11))).some((row) => row.newHere)).toBe(false);
  expect(rows(arrange(input(loaded, 50))).map((row) => row.newHere)).toEqual([true, false]);
});

test('[PG2] each local day has its own separator', () => {
  const days = arrange(
    input([
      said(1, 'maya', '2026-11-19T23:59:00'),
      said(2, 'maya', '2026-11-20T00:00:30'),
      said(3, 'maya', '2026-11-20T00:01:00'),
    ]),
  );
  expect(days.map((day) => day.blocks.flatMap((b) => b.rows).length)).toEqual([1, 2]);
  expect(groups(days)).toEqual(['11', '10', '01']);
});

test('[PG2] a clock that runs behind never opens an earlier day below a later one', () => {
  const days = arrange(
    input([said(1, 'maya', '2026-11-20T00:05:00'), queued('q', 'me', '2026-11-19T23:58:00')]),
  );
  expect(days).toHaveLength(1);
});

test('[PG3] older messages change no block but the oldest', () => {
  const all = Array.from({ length: 200 }, (_, i) =>
    said(i + 1, i % 5 === 0 ? 'maya' : 'jonas', `2026-11-${10 + Math.floor(i / 40)}T10:00:00`),
  );
  const before = arrange(input(all.slice(100)));
  const after = arrange(input(all), before);
  const blocks = (days: readonly Day[]) => days.flatMap((day) => day.blocks);
  const kept = new Set(blocks(after));
  const changed = blocks(before).filter((block) => !kept.has(block));
  expect(changed.map((block) => block.key)).toEqual([blocks(before)[0]?.key]);
});

test('a message on its way stands in the block where it will stay', () => {
  const stored = Array.from({ length: 30 }, (_, i) => said(i + 1, 'maya', '2026-11-20T10:00:00'));
  const waiting = arrange(input([...stored, queued('m31', 'me', '2026-11-20T10:01:00')]));
  const done = arrange(input([...stored, said(31, 'me', '2026-11-20T10:01:00')]));
  const keys = (days: readonly Day[]) => days.flatMap((day) => day.blocks.map((b) => b.key));
  expect(keys(waiting)).toEqual(keys(done));
});

test('[PG20] messages of people whom I block are one line, as long as nothing else is said', () => {
  const hidden = (seq: number, localTime = '2026-11-20T10:00:00') =>
    said(seq, '', localTime, { sender: null, kind: 'hidden', body: '' });
  const runs = (messages: Parameters<typeof input>[0]) =>
    rows(arrange(input(messages))).map((row) => row.run);
  expect(runs([hidden(1), hidden(2), hidden(3)])).toEqual([0, 0, 3]);
  const other = said(3, 'maya', '2026-11-20T10:00:00');
  expect(runs([hidden(1), hidden(2), other, hidden(4)])).toEqual([0, 2, 1, 1]);
  const nextDay = '2026-11-21T10:00:00';
  expect(runs([hidden(1), hidden(2, nextDay), hidden(3, nextDay)])).toEqual([1, 0, 2]);
  const many = Array.from({ length: 60 }, (_, i) => hidden(i + 1));
  expect(runs(many)).toEqual([...Array(59).fill(0), 60]);
  // What was arranged before is the same object again, and a later one goes on counting.
  const told = [other, hidden(4), hidden(5)];
  const before = arrange(input(told));
  expect(arrange(input(told), before)[0]?.blocks[0]).toBe(before[0]?.blocks[0]);
  expect(rows(arrange(input([...told, hidden(6)]), before)).map((row) => row.run)).toEqual([
    1, 0, 0, 3,
  ]);
});
