import { expect, test } from 'vitest';
import { parseSlotRanges, slotOf } from './slots.ts';
import { startRedisCluster } from './testing/redis-cluster.ts';

test('[RD5] A key’s slot is the one that a cluster counts', async () => {
  await using cluster = await startRedisCluster(1);
  const keys = [
    '',
    'a',
    '123456789',
    '{a}b',
    'x{a}b',
    '{}a',
    '{}{a}',
    '{a',
    'a}b{c}',
    'ü{€}',
    '😀',
  ];
  for (const key of [...keys, 'parley:{acme:user:ann}', 'parley:{acme:user:{x}y}']) {
    const counted = await cluster.servers[0]?.ask('CLUSTER', 'KEYSLOT', key);
    expect([key, slotOf(key)]).toEqual([key, counted]);
  }
});

test('[RD5] An answer about slots is read as far as it can be', () => {
  const answer = [
    [0, 5, ['10.0.0.1', 7000, 'id', []], ['10.0.0.2', 7001, 'replica']],
    [6, 9, ['', 7002, 'id']],
    [10, 11, [null, 7003, 'id']],
    [12, 13, ['?', 7004]],
    [14, 15, ['10.0.0.1', '7000']],
    [16, 17],
    ['x', 17, ['10.0.0.1', 7000]],
    null,
  ];
  expect(parseSlotRanges(answer, 'asked')).toEqual([
    { from: 0, to: 5, host: '10.0.0.1', port: 7000 },
    { from: 6, to: 9, host: 'asked', port: 7002 },
    { from: 10, to: 11, host: 'asked', port: 7003 },
    { from: 12, to: 13, host: 'asked', port: 7004 },
  ]);
  for (const other of ['x', null, undefined, {}, 7])
    expect(parseSlotRanges(other, 'a')).toEqual([]);
});
