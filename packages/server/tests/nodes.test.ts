import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import type { DatabaseAddress } from '../src/db/address.ts';
import { createTestDatabase, withSession } from '../src/db/testing/test-database.ts';
import { ServerProcess } from '../src/nodes/testing/server-process.ts';
import { startRedis } from '../src/redis/testing/redis-server.ts';

function urlOf(address: DatabaseAddress): string {
  if (address.kind === 'url') return address.url;
  const { folder, user, database } = address;
  return `postgres://localhost/${database}?${new URLSearchParams({ host: folder, user })}`;
}

async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

// Most of it is waiting: side by side.
describe.concurrent('server processes on one database', { timeout: 120_000 }, () => {
  test('[ND1] A second one without Redis is refused in words; the first goes on', async ({
    expect,
  }) => {
    await using database = await createTestDatabase();
    const env = { DATABASE_URL: urlOf(database.address) };
    await using first = await ServerProcess.start(env);
    await using second = new ServerProcess(env);
    expect(await second.end()).toEqual({ code: 1, signal: null });
    expect(second.said).toMatch(/^Another Parley \(.*\) has the database: waiting up to 10 s/m);
    expect(second.said).toMatch(/^Another Parley .* Stop the other one, or give both the same/m);
    expect((await fetch(`http://127.0.0.1:${first.port}/readyz`)).status).toBe(200);
  });

  test('[ND2] After kill -9 the next one starts, and so it does while the last one drains', async ({
    expect,
  }) => {
    await using database = await createTestDatabase();
    const env = { DATABASE_URL: urlOf(database.address) };
    await using killed = await ServerProcess.start(env);
    killed.signal('SIGKILL');
    await using second = await ServerProcess.start(env);
    second.signal('SIGTERM');
    await using _third = await ServerProcess.start(env);
    expect(await second.end()).toEqual({ code: 0, signal: null });
  });

  test('[ND4] With Redis they run side by side, and count each other', async ({ expect }) => {
    await using database = await createTestDatabase();
    await using redis = await startRedis();
    const env = { DATABASE_URL: urlOf(database.address), REDIS_URL: redis.url };
    await using one = await ServerProcess.start(env);
    await using two = await ServerProcess.start(env);
    expect(await metric(two.port, 'parley_nodes')).toBe(2);
    expect(two.said).toContain('one of several nodes');
    await using other = await startRedis();
    await using wrong = new ServerProcess({ ...env, REDIS_URL: other.url });
    expect((await wrong.end()).code).toBe(1);
    expect(wrong.said).toMatch(/^This node has another Redis than .*Give all nodes the same/m);
    expect((await fetch(`http://127.0.0.1:${one.port}/readyz`)).status).toBe(200);
  });

  test('[ND3] One that loses the database to another drains, and ends with the reason', async ({
    expect,
  }) => {
    await using database = await createTestDatabase();
    await using server = await ServerProcess.start({ DATABASE_URL: urlOf(database.address) });
    await withSession(database.address, async (waiting) => {
      // Waits in line, so that it is the next.
      const taken = waiting.query(`select pg_advisory_lock(${0x6e6f6465})`);
      await withSession(database.address, (session) =>
        session.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
          where application_name like 'parley node%' and datname = current_database()`,
        ),
      );
      await taken;
      expect((await server.end()).code).toBe(1);
    });
    expect(server.said).toMatch(/^Another Parley .* Stop the other one, or give both the same/m);
  });

  test('[ND6] An embedded database is not for another server by its socket either', async ({
    expect,
  }) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-nodes-'));
    try {
      await chmod(dataDir, 0o711);
      await using first = await ServerProcess.start({ PARLEY_DATA_DIR: dataDir });
      const host = join(dataDir, 'postgres', 'run');
      await using second = new ServerProcess({
        DATABASE_URL: `postgres://localhost/parley?${new URLSearchParams({ host, user: 'parley' })}`,
      });
      expect((await second.end()).code).toBe(1);
      expect(second.said).toMatch(/^Another Parley .* Stop the other one, or give both the same/m);
      expect(first.ended).toBeUndefined();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
