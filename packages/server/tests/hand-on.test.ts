import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../src/db/testing/test-database.ts';
import { givenRole, givenTenantRole } from '../src/testing/given.ts';
import { HeldDatabase } from '../src/testing/held-database.ts';
import { changesHeard, createGroup, expectUnbroken } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';

let database: TestDatabase;
let held: HeldDatabase;
let server: TestServer;
beforeAll(async () => {
  database = await createTestDatabase();
  held = new HeldDatabase(database.db);
  server = await startTestServer({ database: { ...database, db: held } });
});
afterAll(async () => {
  await server.drain();
  await database.drop();
});

const shutOut = (tenant: TestTenant, user: string) => tenant.call('DELETE', `/v1/users/${user}`);

const put = (tenant: TestTenant, user: string, role: string) =>
  tenant.call('PUT', `/v1/users/${user}`, { body: { name: user, role } });

async function ownersOf(tenant: TestTenant, conversation: string): Promise<string[]> {
  const rows = await server.database.sql
    .selectFrom('member')
    .select('user_id')
    .where('tenant_id', '=', tenant.id)
    .where('conversation_id', '=', conversation)
    .where('role', '=', 'owner')
    .orderBy('user_id')
    .execute();
  return rows.map((row) => row.user_id);
}

describe('A group whose only owner', () => {
  it('[RO26] is shut out goes to the heir, who hears it and can act at once', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy', 'dan']);
    const ann = await tenant.connect('ann');
    const cy = await tenant.connect('cy');
    const { id } = await createGroup(ann, ['bob', 'cy']);
    await ann.ask('member.update', { conversation: id, user: 'cy', role: 'admin' });
    expect((await shutOut(tenant, 'ann')).status).toBe(204);
    expect(await ownersOf(tenant, id)).toEqual(['ann', 'cy']);
    await cy.settled();
    const changes = changesHeard(cy, id);
    expectUnbroken(changes);
    expect(changes.slice(-2)).toMatchObject([
      { event: 'member.updated', member: { id: 'cy', role: 'owner' } },
      {
        event: 'message.created',
        message: { sender: 'ann', act: { type: 'role_changed', user: 'cy', role: 'owner' } },
      },
    ]);
    await cy.ask('member.update', { conversation: id, user: 'bob', role: 'admin' });
    await cy.ask('member.add', { conversation: id, users: ['dan'] });
  });

  it('[RO26] becomes a guest goes to the heir, with an entry in the log', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const { id } = await createGroup(await tenant.connect('ann'), ['bob', 'cy']);
    expect((await put(tenant, 'ann', 'guest')).status).toBe(200);
    expect(await ownersOf(tenant, id)).toEqual(['ann', 'bob']);
    const { body } = await tenant.call('GET', '/v1/audit');
    expect(body).toMatchObject({
      entries: [
        { actor: { kind: 'key' }, action: 'member.role_changed', target: { user: 'bob' } },
        { actor: { kind: 'key' }, action: 'user.role_changed', target: { user: 'ann' } },
      ],
    });
  });

  it('[RO26] cannot act is handed on when that is said again', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const { id } = await createGroup(await tenant.connect('ann'), ['bob']);
    await givenTenantRole(server, tenant, 'ann', 'guest');
    expect(await ownersOf(tenant, id)).toEqual(['ann']);
    await put(tenant, 'ann', 'guest');
    expect(await ownersOf(tenant, id)).toEqual(['ann', 'bob']);
  });

  it('[RO26] is back shares it with the heir', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const { id } = await createGroup(await tenant.connect('ann'), ['bob']);
    await shutOut(tenant, 'ann');
    await put(tenant, 'ann', 'member');
    expect(await ownersOf(tenant, id)).toEqual(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    await ann.ask('member.update', { conversation: id, user: 'bob', role: 'member' });
    expect(await ownersOf(tenant, id)).toEqual(['ann']);
  });
});

describe('Nothing is handed on', () => {
  it('[RO26] where another owner can act, or nobody else could', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'gus']);
    const ann = await tenant.connect('ann');
    const shared = (await createGroup(ann, ['bob'])).id;
    await ann.ask('member.update', { conversation: shared, user: 'bob', role: 'owner' });
    const withGuest = (await createGroup(ann, ['gus'])).id;
    const alone = (await createGroup(ann, [])).id;
    await givenTenantRole(server, tenant, 'gus', 'guest');
    const heads = () =>
      server.database.sql
        .selectFrom('conversation')
        .select(['id', 'version'])
        .where('tenant_id', '=', tenant.id)
        .where('id', 'in', [shared, withGuest, alone])
        .orderBy('id')
        .execute();
    const before = await heads();
    await shutOut(tenant, 'ann');
    expect(await heads()).toEqual(before);
  });

  it('[RO26] for who has left, was no owner, or only changes their name', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const left = (await createGroup(ann, ['bob', 'cy'])).id;
    await ann.ask('conversation.leave', { conversation: left });
    const stays = (await createGroup(bob, ['ann', 'cy'])).id;
    await givenRole({ server, tenant, conversation: stays }, 'ann', 'admin');
    await put(tenant, 'bob', 'member');
    await shutOut(tenant, 'ann');
    expect(await ownersOf(tenant, stays)).toEqual(['bob']);
    expect((await ownersOf(tenant, left)).filter((user) => user !== 'ann')).toEqual(['bob']);
  });
});

describe('Ownership', () => {
  it('[RO17] is not lost when owners are shut out at one time', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    for (let round = 0; round < 5; round++) {
      const { id } = await createGroup(ann, ['bob', 'cy']);
      await ann.ask('member.update', { conversation: id, user: 'bob', role: 'owner' });
    }
    await Promise.all([shutOut(tenant, 'ann'), shutOut(tenant, 'bob')]);
    const cy = await tenant.connect('cy');
    const { conversations } = await cy.ask('conversation.list', {});
    expect(conversations.map((row) => row.my_role)).toEqual(Array(5).fill('owner'));
  });

  it.each(['leaves', 'is shut out'])(
    '[RO17] is not lost to an heir who is shut out while an owner %s',
    async (how) => {
      const tenant = await server.tenant(['ann', 'bob', 'cy']);
      const ann = await tenant.connect('ann');
      const { id } = await createGroup(ann, ['bob', 'cy']);
      const heir = held.hold('order by case member.role');
      const gone =
        how === 'leaves'
          ? ann.ask('conversation.leave', { conversation: id })
          : shutOut(tenant, 'ann');
      await heir.read;
      await shutOut(tenant, 'bob');
      heir.release();
      await gone;
      expect(await ownersOf(tenant, id)).toEqual(['ann', 'cy']);
    },
  );
});
