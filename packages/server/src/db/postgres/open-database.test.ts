import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { failureKind } from '../failure.ts';
import { openMuteProxy } from '../testing/mute-proxy.ts';
import { createTestDatabase, withSession } from '../testing/test-database.ts';
import { openDatabase } from './open-database.ts';

const pid = sql<{ pid: number }>`select pg_backend_pid() as pid`;

test('[DB4] A pooled connection that is lost while idle is replaced', async () => {
  await using fixture = await createTestDatabase();
  const { sql: acme } = fixture.db.of('acme');
  const { rows } = await pid.execute(acme);
  await withSession(fixture.address, (session) =>
    session.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid]),
  );
  await expect
    .poll(async () => (await pid.execute(acme).catch(() => undefined))?.rows.length)
    .toBe(1);
});

test('[DB4] A pooled connection that is lost in a transaction fails that transaction only', async () => {
  await using fixture = await createTestDatabase();
  const { sql: acme } = fixture.db.of('acme');
  const failed = acme.transaction().execute(async (transaction) => {
    await transaction.insertInto('tenant').values({ id: 'acme', name: 'Acme' }).execute();
    const { rows } = await pid.execute(transaction);
    await withSession(fixture.address, (session) =>
      session.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid]),
    );
    await sql`select 1`.execute(transaction);
  });
  expect(failureKind(await failed.catch((error: unknown) => error))).toBe('unavailable');
  expect(await acme.selectFrom('tenant').selectAll().execute()).toEqual([]);
});

test('[DB4] A pooled line that went dead without a word fails its statement, and is not lent again', async () => {
  await using fixture = await createTestDatabase();
  await using proxy = await openMuteProxy(fixture.address);
  const db = await openDatabase(proxy.address, { silenceMs: 1_500 });
  const { sql: acme } = db.of('acme');
  await pid.execute(acme);
  proxy.mute();
  const failed = await pid.execute(acme).catch((error: unknown) => error);
  expect(failureKind(failed)).toBe('unavailable');
  await db.close();
});

test('[DB30] A connection that comes without its role is refused, before it is used', async () => {
  await using fixture = await createTestDatabase();
  const dropOptions = (bytes: Buffer) => {
    const text = bytes.toString('latin1');
    const without = text.replace(/-c role=\w+/, (found) => ' '.repeat(found.length));
    return Buffer.from(without, 'latin1');
  };
  await using proxy = await openMuteProxy(fixture.address, dropOptions);
  const db = await openDatabase(proxy.address);
  const refused = /runs as "parley" instead of "parley_(app|core)".*pooler/;
  await expect(pid.execute(db.of('acme').sql)).rejects.toThrow(refused);
  await expect(pid.execute(db.core)).rejects.toThrow(refused);
  await expect(db.openPipeline()).rejects.toThrow(refused);
  await db.close();
});

test('Closing twice is closing once, and ends the pipelines too', async () => {
  await using fixture = await createTestDatabase();
  const db = await openDatabase(fixture.address);
  const pipeline = await db.openPipeline();
  await Promise.all([db.close(), db.close()]);
  expect(pipeline.usable).toBe(false);
});

test('[DB5] Where there is no database the message says what to check, never the password', async () => {
  const url = 'postgres://parley:hunter2@127.0.0.1:1/parley';
  const error = await openDatabase({ kind: 'url', url }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    message: expect.stringMatching(/127\.0\.0\.1:1\/parley.*Check DATABASE_URL/),
  });
  expect(String(error)).not.toContain('hunter2');
});

test('[DB5] A database that comes up a little later is waited for when asked', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = addressOf(probe);
  probe.close();
  await once(probe, 'close');
  const waiting = Promise.withResolvers<string>();
  const opening = openDatabase(address, { waitMs: 10_000, warn: waiting.resolve });
  expect(await waiting.promise).toMatch(/Cannot connect.*Waiting for it/);
  const row = { version: '140012', name: '14.12', encoding: 'UTF8' };
  const server = await pretendPostgres(row, Number(new URL(address.url).port));
  await expect(opening).rejects.toThrow('is PostgreSQL 14.12');
  server.close();
});

test('[DB5] A PostgreSQL older than 15 is refused by name', async () => {
  const server = await pretendPostgres({ version: '140012', name: '14.12', encoding: 'UTF8' });
  await expect(openDatabase(addressOf(server))).rejects.toThrow(
    /is PostgreSQL 14\.12; Parley needs 15 or newer/,
  );
  server.close();
});

test('[DB5] A database that cannot store every character is refused', async () => {
  const server = await pretendPostgres({ version: '160000', name: '16.0', encoding: 'LATIN1' });
  await expect(openDatabase(addressOf(server))).rejects.toThrow(/has the encoding LATIN1/);
  server.close();
});

test('[DB6] Settings that may lose acknowledged messages are warned of', async () => {
  await using fixture = await createTestDatabase();
  await withSession(fixture.address, async (session) => {
    const name = session.escapeIdentifier(session.database ?? '');
    await session.query(`alter database ${name} set synchronous_commit = off`);
  });
  const warnings: string[] = [];
  const db = await openDatabase(fixture.address, { warn: (text) => warnings.push(text) });
  await db.close();
  expect(warnings).toEqual([expect.stringContaining('synchronous_commit=off')]);
});

/** Speaks just enough of the protocol to answer the first question with one row of texts. */
async function pretendPostgres(row: Readonly<Record<string, string>>, port = 0): Promise<Server> {
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', int32(0)), ready]));
      socket.once('data', () => socket.write(Buffer.concat([...table(row), ready])));
    });
    socket.on('error', () => {});
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function addressOf(server: Server): { kind: 'url'; url: string } {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return { kind: 'url', url: `postgres://parley@127.0.0.1:${address.port}/parley` };
}

function table(row: Readonly<Record<string, string>>): Buffer[] {
  const names = Object.keys(row).map((name) =>
    Buffer.concat([
      Buffer.from(`${name}\0`),
      int32(0),
      int16(0),
      int32(name === 'version' ? 23 : 25),
      int16(-1),
      int32(-1),
      int16(0),
    ]),
  );
  const values = Object.values(row).map((value) =>
    Buffer.concat([int32(value.length), Buffer.from(value)]),
  );
  return [
    message('T', Buffer.concat([int16(names.length), ...names])),
    message('D', Buffer.concat([int16(values.length), ...values])),
    message('C', Buffer.from('SELECT 1\0')),
  ];
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

const ready = message('Z', Buffer.from('I'));
