import { Client } from 'pg';
import { expect, test } from 'vitest';
import { openMuteProxy } from '../testing/mute-proxy.ts';
import { createTestDatabase } from '../testing/test-database.ts';
import { clientConfig, openSession, type Purpose } from './connect.ts';

test('[DB1] bigint is read as number, alone and in arrays', async () => {
  await using fixture = await createTestDatabase();
  const session = await openSession(fixture.address);
  const { rows } = await session.query(
    'select 9007199254740991::bigint as one, array[1, null, -2]::bigint[] as many, array[]::bigint[] as none',
  );
  await session.end();
  expect(rows).toEqual([{ one: 9007199254740991, many: [1, null, -2], none: [] }]);
});

test('[DB1] A bigint that a number cannot hold fails the statement instead of losing digits', async () => {
  await using fixture = await createTestDatabase();
  const session = await openSession(fixture.address);
  await expect(session.query('select 9007199254740993::bigint')).rejects.toThrow(RangeError);
  expect((await session.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await session.end();
});

test('Times are read as dates, whatever format and zone the database is set to', async () => {
  await using fixture = await createTestDatabase();
  const session = await openSession(fixture.address);
  const { rows: names } = await session.query('select current_database() as name');
  const name = session.escapeIdentifier(names[0].name);
  await session.query(`alter database ${name} set datestyle = 'German'`);
  await session.query(`alter database ${name} set timezone = 'Asia/Tokyo'`);
  await session.query(`alter database ${name} set default_transaction_isolation = 'serializable'`);
  await session.end();
  const client = new Client(clientConfig(fixture.address, 'app'));
  await client.connect();
  const { rows } = await client.query(`
    select timestamptz '2026-02-03 04:05:06.789Z' as time,
      current_setting('transaction_isolation') as isolation`);
  await client.end();
  expect(rows).toEqual([
    { time: new Date('2026-02-03T04:05:06.789Z'), isolation: 'read committed' },
  ]);
});

test('[DB2] Pooled and pipelined connections give up in time; sessions wait', async () => {
  await using fixture = await createTestDatabase();
  const settings = async (purpose: Purpose) => {
    const client = new Client(clientConfig(fixture.address, purpose));
    await client.connect();
    const { rows } = await client.query(`
      select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement,
        current_setting('idle_in_transaction_session_timeout') as idle`);
    await client.end();
    return rows[0];
  };
  const short = { lock: '2s', statement: '8s', idle: '5s' };
  expect(await settings('app')).toEqual(short);
  expect(await settings('core')).toEqual(short);
  expect(await settings('pipeline')).toEqual({ lock: '250ms', statement: '4s', idle: '5s' });
  expect(await settings('session')).toEqual({ lock: '0', statement: '0', idle: '0' });
});

test('[DB30] Options in the address are kept, but ours hold', async () => {
  await using fixture = await createTestDatabase();
  await using proxy = await openMuteProxy(fixture.address);
  if (proxy.address.kind !== 'url') throw new Error('Not an address.');
  const theirs = encodeURIComponent('-c role=none -c statement_timeout=1h -c work_mem=7MB');
  const address = { kind: 'url', url: `${proxy.address.url}?options=${theirs}` } as const;
  const client = new Client(clientConfig(address, 'app', '"a schema",public'));
  await client.connect();
  const { rows } = await client.query(`
    select current_user as role, current_setting('statement_timeout') as timeout,
      current_setting('work_mem') as memory, current_setting('search_path') as path`);
  await client.end();
  expect(rows).toEqual([
    { role: 'parley_app', timeout: '8s', memory: '7MB', path: '"a schema",public' },
  ]);
});
