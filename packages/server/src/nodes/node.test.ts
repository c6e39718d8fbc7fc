import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openMuteProxy } from '../db/testing/mute-proxy.ts';
import {
  createEmptyDatabase,
  createTestDatabase,
  type TestDatabase,
  withSession,
} from '../db/testing/test-database.ts';
import { BusFingerprint } from './bus-fingerprint.ts';
import { openTestNode } from './testing/test-node.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(() => database.drop());

/** As much of a Redis as a fingerprint needs. */
class OneRedis {
  #value: string | null = null;
  isAway = false;

  async run(_key: string, [command, , value = '']: readonly string[]): Promise<unknown> {
    if (this.isAway) throw new Error('Redis is away.');
    if (command === 'SET') this.#value ??= value;
    return this.#value;
  }

  flush(): void {
    this.#value = null;
  }
}

function endSessions(address: TestDatabase['address']): Promise<unknown> {
  return withSession(address, (session) =>
    session.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name like 'parley node%' and datname = current_database()`,
    ),
  );
}

async function hasLock(address: TestDatabase['address']): Promise<boolean> {
  return withSession(address, async (session) => {
    const { rows } = await session.query(
      `select from pg_locks where locktype = 'advisory' and granted and objid = ${0x6e6f6465}
        and database = (select oid from pg_database where datname = current_database())`,
    );
    return rows.length > 0;
  });
}

describe('the lock', () => {
  test('[ND1] Two nodes without a bus are refused one another, and told what to do', async () => {
    await using first = await openTestNode(database.address, 'alone');
    const second = openTestNode(database.address, 'alone', { lockWaitMs: 300 });
    await expect(second).rejects.toThrow(
      /^Another Parley \(.+:\d+.*\) runs on the database .* has no REDIS_URL .* Stop the other one, or give both the same REDIS_URL\.$/s,
    );
    expect(first.logged.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('[ND1] Nodes with a bus run beside one another, and not beside one without', async () => {
    await using _one = await openTestNode(database.address, 'shared');
    await using _two = await openTestNode(database.address, 'shared');
    const alone = openTestNode(database.address, 'alone', { lockWaitMs: 0 });
    await expect(alone).rejects.toThrow('has no REDIS_URL');
    await _one.node.close();
    await _two.node.close();
    await using _alone = await openTestNode(database.address, 'alone');
    const shared = openTestNode(database.address, 'shared', { lockWaitMs: 0 });
    await expect(shared).rejects.toThrow('without REDIS_URL');
  });

  test('[ND1] Databases of one PostgreSQL have nothing to do with each other', async () => {
    await using other = await createTestDatabase();
    await using _one = await openTestNode(database.address, 'alone');
    await using _two = await openTestNode(other.address, 'alone', { lockWaitMs: 0 });
  });

  test('[ND1] It is held before there is any table', async () => {
    await using empty = await createEmptyDatabase();
    await using _first = await openTestNode(empty.address, 'alone');
    await expect(openTestNode(empty.address, 'alone', { lockWaitMs: 0 })).rejects.toThrow();
  });

  test('[ND2] A node that ends is waited for, and the waiting is told', async () => {
    const first = await openTestNode(database.address, 'alone');
    let ended: Promise<void> | undefined;
    await using second = await openTestNode(database.address, 'alone', {
      onSay: () => {
        ended = first.node.close();
      },
    });
    await ended;
    expect(second.said).toEqual([expect.stringMatching(/waiting up to 10 s for it to end/)]);
  });

  test('[ND3] A lost connection is replaced, and the lock taken again', async () => {
    await using one = await openTestNode(database.address, 'alone');
    const before = await backends(database.address);
    await endSessions(database.address);
    await vi.waitFor(async () => {
      expect(await backends(database.address)).not.toEqual(before);
      expect(await hasLock(database.address)).toBe(true);
    }, 10_000);
    await expect(openTestNode(database.address, 'alone', { lockWaitMs: 0 })).rejects.toThrow();
    expect(one.node.clock.now()).toBeGreaterThan(0);
  });

  test('[ND3] A line that went dead keeps the lock from nobody: the node ends its own old one', async () => {
    await using proxy = await openMuteProxy(database.address);
    await using one = await openTestNode(proxy.address, 'alone');
    const before = await backends(database.address);
    // The node gives the line up; PostgreSQL hears nothing of that.
    proxy.mute('closes too');
    await vi.waitFor(() => expect(one.logged.at(-1)?.level).toBe('warn'), 10_000);
    expect(await backends(database.address)).toEqual(before);
    proxy.heal();
    await vi.waitFor(async () => {
      const now = await backends(database.address);
      expect(now).toHaveLength(1);
      expect(now).not.toEqual(before);
      expect(await hasLock(database.address)).toBe(true);
    }, 25_000);
    expect(one.logged.some(({ level }) => level === 'error')).toBe(false);
  });

  test('[ND3] A node that finds another in its place ends', async () => {
    await using one = await openTestNode(database.address, 'alone', { lockWaitMs: 300 });
    await withSession(database.address, async (session) => {
      // Waits in line, so that it is the next.
      const taken = session.query(`select pg_advisory_lock(${0x6e6f6465})`);
      await endSessions(database.address);
      await taken;
      const lost = await one.lost;
      expect(lost.message).toContain('Another Parley');
      expect(lost.message).toContain('Stop the other one');
    });
  });
});

async function backends(address: TestDatabase['address']): Promise<number[]> {
  return withSession(address, async (session) => {
    const { rows } = await session.query<{ pid: number }>(
      `select pid from pg_stat_activity
      where application_name like 'parley node%' and datname = current_database()`,
    );
    return rows.map(({ pid }) => pid);
  });
}

describe('the registry', () => {
  test('[ND4] Nodes see each other, and no longer one that has ended', async () => {
    await using one = await openTestNode(database.address, 'shared');
    await one.node.register(undefined);
    expect(one.node.nodes).toBe(1);
    const two = await openTestNode(database.address, 'shared');
    await two.node.register(undefined);
    expect(two.node.nodes).toBe(2);
    await vi.waitFor(() => expect(one.node.nodes).toBe(2), 10_000);
    await two.node.close();
    await vi.waitFor(() => expect(one.node.nodes).toBe(1), 10_000);
  });

  test('[ND4] A node that was killed counts no more after 7 s, and its row goes', async () => {
    await withSession(database.address, (session) =>
      session.query(
        `insert into node (id, place, version, migrations, heartbeat_at) values
          (gen_random_uuid(), 'here', '1', 1, clock_timestamp() - interval '8 s'),
          (gen_random_uuid(), 'here', '1', 1, clock_timestamp() - interval '2 min')`,
      ),
    );
    await using one = await openTestNode(database.address, 'shared');
    await one.node.register(undefined);
    expect(one.node.nodes).toBe(1);
    const { rows } = await withSession(database.address, (session) =>
      session.query('select id from node'),
    );
    expect(rows).toHaveLength(2);
  });

  test('[ND5] Nodes with one Redis share a name there, also after it was emptied', async () => {
    const redis = new OneRedis();
    const [one, two] = [new BusFingerprint(redis), new BusFingerprint(redis)];
    const name = await one.read();
    expect(await two.read()).toBe(name);
    redis.flush();
    expect(await two.read()).toBe(name);
    expect(await one.read()).toBe(name);
    redis.isAway = true;
    expect(await one.read()).toBe(name);
    expect(await new BusFingerprint(redis).read()).toBeNull();
  });

  test('[ND5] A node with another Redis than the others is refused', async () => {
    await using one = await openTestNode(database.address, 'shared');
    await one.node.register(new BusFingerprint(new OneRedis()));
    await using two = await openTestNode(database.address, 'shared');
    await expect(two.node.register(new BusFingerprint(new OneRedis()))).rejects.toThrow(
      /another Redis than .* Give all nodes the same REDIS_URL/,
    );
    expect(one.node.fault).toBeUndefined();
  });

  test('[ND5] One whose Redis turns out to be another says so, and the older one stays', async () => {
    const [right, wrong] = [new OneRedis(), new OneRedis()];
    wrong.isAway = true;
    await using one = await openTestNode(database.address, 'shared');
    await one.node.register(new BusFingerprint(right));
    await using two = await openTestNode(database.address, 'shared');
    await two.node.register(new BusFingerprint(wrong));
    expect(two.node.fault).toBeUndefined();
    wrong.isAway = false;
    await vi.waitFor(() => expect(two.node.fault).toContain('another Redis'), 15_000);
    expect(two.logged).toContainEqual({ level: 'error', text: two.node.fault });
    expect(one.node.fault).toBeUndefined();
  });
});
