import { limits } from '@parley/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../src/db/testing/test-database.ts';
import { givenPeople } from '../src/testing/given.ts';
import { createGroup } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

function seen(socket: TestSocket): [user: string, online: boolean][] {
  return socket.events.flatMap((event): [string, boolean][] =>
    event.event === 'presence' ? [[event.user, event.online]] : [],
  );
}

async function look(socket: TestSocket, ...users: string[]) {
  const answer = await socket.ask('presence.watch', { users });
  return answer.users.map((one) => [one.id, one.online]).sort();
}

async function setDirectory(tenant: TestTenant, directory: 'shared' | 'none'): Promise<void> {
  await server.database.sql
    .updateTable('tenant')
    .set({ settings: JSON.stringify({ directory }) })
    .where('id', '=', tenant.id)
    .execute();
}

describe('presence.watch', () => {
  it('[PT10] answers who is online now and when they were last seen, then tells of changes', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const answer = await ann.ask('presence.watch', { users: ['bob', 'cy', 'ann', 'bob'] });
    expect([...answer.users].sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: 'ann', online: true, last_seen_at: null },
      { id: 'bob', online: true, last_seen_at: null },
      { id: 'cy', online: false, last_seen_at: null },
    ]);
    await tenant.connect('cy');
    expect(await ann.event('presence')).toEqual({
      event: 'presence',
      user: 'cy',
      online: true,
      last_seen_at: null,
    });
    await bob.settled();
    expect(bob.events).toEqual([]);
  });

  it('[PT11] knows nothing of people who do not exist, or are of another tenant', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const other = await server.tenant(['bob', 'dee']);
    const ann = await tenant.connect('ann');
    expect(await look(ann, 'nobody', 'dee', '__proto__')).toEqual([]);
    expect(await look(ann, 'bob')).toEqual([['bob', false]]);
    await other.connect('bob');
    await other.connect('dee');
    await ann.settled();
    expect(seen(ann)).toEqual([]);
    expect(await look(ann, 'bob')).toEqual([['bob', false]]);
    expect((await ann.ask('presence.watch', { users: [] })).users).toEqual([]);
  });

  it('[PT12] shows those whom the directory shows, or who share a conversation with me', async () => {
    for (const directory of ['shared', 'none'] as const) {
      const tenant = await server.tenant(['ann', 'bob', 'cy']);
      const ann = await tenant.connect('ann');
      await createGroup(ann, ['bob']);
      await setDirectory(tenant, directory);
      expect(await look(ann, 'ann', 'bob', 'cy')).toEqual([
        ['ann', true],
        ['bob', false],
      ]);
      await tenant.connect('cy');
      await tenant.connect('bob');
      await ann.event('presence', (event) => event.user === 'bob');
      expect(seen(ann)).toEqual([['bob', true]]);
    }
  });

  it('[PT13] ends with presence.unwatch, and with the connection', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy', 'dee']);
    const ann = await tenant.connect('ann');
    const phone = await tenant.connect('ann');
    await look(ann, 'bob', 'cy');
    await look(phone, 'bob', 'dee');
    expect(await ann.ask('presence.unwatch', { users: ['bob', 'nobody'] })).toEqual({});
    await phone.close();
    await tenant.connect('bob');
    await tenant.connect('dee');
    await tenant.connect('cy');
    await ann.event('presence', (event) => event.user === 'cy');
    expect(seen(ann)).toEqual([['cy', true]]);
    expect(seen(phone)).toEqual([]);
  });

  it('[PT14] watches at most 1,000 people for one connection, also when asked at once', async () => {
    const tenant = await server.tenant(['ann']);
    const people = await givenPeople(server, tenant, limits.watchedPeople + 500);
    const ann = await tenant.connect('ann');
    const watch = (users: string[]) =>
      ann.ask('presence.watch', { users }).then(
        (answer) => answer.users.length,
        (error: unknown) => error,
      );
    const answers = await Promise.all([
      watch(people.slice(0, 600)),
      watch(people.slice(600, 1_200)),
    ]);
    expect(answers).toEqual([600, expect.objectContaining({ code: 'too_many', field: 'users' })]);
    expect(await watch(people.slice(0, 1_000))).toBe(1_000);
    expect(await watch(people.slice(1_000, 1_001))).toMatchObject({ code: 'too_many' });
    await ann.ask('presence.unwatch', { users: people.slice(0, 10) });
    expect(await watch(people.slice(1_000, 1_010))).toBe(10);
    expect(await watch(people.slice(0, 1_001))).toMatchObject({ code: 'bad_request' });
    // People who do not exist take no place for longer than the question.
    const ghosts = Array.from({ length: 1_000 }, (_, i) => `ghost${i}`);
    const phone = await tenant.connect('ann');
    expect(await look(phone, ...ghosts)).toEqual([]);
    expect(await look(phone, ...people.slice(0, 1_000))).toHaveLength(1_000);
  });
});

// Each of these waits for the three seconds of grace: they wait together.
describe.concurrent('going offline', () => {
  it('[PT20] is told some seconds after the last connection ended, with the time it ended', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const phone = await tenant.connect('bob');
    expect(await look(ann, 'bob')).toEqual([['bob', true]]);
    await bob.close();
    const before = Date.now();
    await phone.close();
    const after = Date.now();
    expect(await look(ann, 'bob')).toEqual([['bob', true]]);
    const told = await ann.event('presence');
    expect(told).toMatchObject({ user: 'bob', online: false });
    const at = Date.parse(told.last_seen_at ?? '');
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(after + 1_000);
    expect(Date.now() - at).toBeGreaterThanOrEqual(2_900);
    const answer = await ann.ask('presence.watch', { users: ['bob'] });
    expect(answer.users).toEqual([{ id: 'bob', online: false, last_seen_at: told.last_seen_at }]);
    expect(seen(ann)).toEqual([['bob', false]]);
  });

  it('[PT21] is told of nobody who comes back within the grace, or has another tab', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy', 'marker']);
    const ann = await tenant.connect('ann');
    const marker = await tenant.connect('marker');
    await look(ann, 'bob', 'cy', 'marker');
    const bob = await tenant.connect('bob');
    await ann.event('presence', (event) => event.user === 'bob');
    const [cy] = await Promise.all([tenant.connect('cy'), tenant.connect('cy')]);
    await bob.close();
    await cy?.close();
    await tenant.connect('bob');
    // Somebody who goes later is told of: then the others would have been, too.
    await marker.close();
    await ann.event('presence', (event) => event.user === 'marker');
    expect(seen(ann).filter(([user]) => user === 'bob')).toEqual([['bob', true]]);
    expect(seen(ann).filter(([user, online]) => user === 'cy' && !online)).toEqual([]);
    expect(await look(ann, 'bob', 'cy')).toEqual([
      ['bob', true],
      ['cy', true],
    ]);
  });

  it('[PT22] never has the last word over a return, however slow the database is', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    await look(ann, 'bob');
    await bob.close();
    await withSession(server.database.address, async (session) => {
      await session.query('begin');
      await session.query('select from app_user where tenant_id = $1 and id = $2 for update', [
        tenant.id,
        'bob',
      ]);
      // The server wants to write when Bob was last seen, and has to wait.
      for (;;) {
        const { rows } = await session.query(
          `select from pg_locks where not granted and locktype = 'transactionid'`,
        );
        if (rows.length > 0) break;
      }
      await tenant.connect('bob');
      await session.query('commit');
    });
    const marker = await tenant.connect('bob');
    await marker.settled();
    // The write is done when another one of the same row is.
    await sql`update app_user set locale = 'en' where tenant_id = ${tenant.id} and id = 'bob'`.execute(
      server.database.sql,
    );
    await ann.settled();
    expect(seen(ann).at(-1)?.[1] ?? true).toBe(true);
    expect(await look(ann, 'bob')).toEqual([['bob', true]]);
  });

  it('[PT23] happens to everybody at once when the server stops, with the time it stopped', async () => {
    const own = await startTestServer();
    const tenant = await own.tenant(['ann', 'bob']);
    await tenant.connect('ann');
    await own.drain();
    const { sql: db } = own.database;
    const rows = await db
      .selectFrom('app_user')
      .select(['id', 'last_seen_at'])
      .orderBy('id')
      .execute();
    expect(rows).toEqual([
      { id: 'ann', last_seen_at: expect.any(Date) },
      { id: 'bob', last_seen_at: null },
    ]);
    await own[Symbol.asyncDispose]();
  });
});

describe('presence and places', () => {
  it('[PT15] a removal ends the watches that only the conversation allowed, on both sides', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const [ann, bob] = [await tenant.connect('ann'), await tenant.connect('bob')];
    const { id: group } = await createGroup(ann, ['bob', 'cy']);
    await setDirectory(tenant, 'shared');
    expect(await look(bob, 'cy')).toEqual([['cy', false]]);
    expect(await look(ann, 'bob', 'cy')).toEqual([
      ['bob', true],
      ['cy', false],
    ]);
    await ann.ask('member.remove', { conversation: group, user: 'bob' });
    // The question whom they may still see was put before the reply; these come after it.
    for (let asked = 0; asked < 5; asked++) await look(ann, 'cy');
    await tenant.connect('cy');
    await ann.event('presence', ({ user }) => user === 'cy');
    await bob.settled();
    expect(seen(bob)).toEqual([]);
    const again = await tenant.connect('bob');
    await again.settled();
    await ann.settled();
    expect(seen(ann)).toEqual([['cy', true]]);
  });
});
