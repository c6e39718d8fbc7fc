import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConversationFor } from '../src/conversations/create-conversation-for.ts';
import { givenRole, givenTenantRole } from '../src/testing/given.ts';
import {
  answerOf,
  changesHeard,
  createDirect,
  createGroup,
  expectUnbroken,
} from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function rolesIn(tenant: TestTenant, conversation: string): Promise<Record<string, string>> {
  const rows = await server.database.sql
    .selectFrom('member')
    .select(['user_id', 'role'])
    .where('tenant_id', '=', tenant.id)
    .where('conversation_id', '=', conversation)
    .where('left_at', 'is', null)
    .orderBy('user_id')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.user_id, row.role]));
}

async function audited(tenant: TestTenant): Promise<unknown[]> {
  return server.database.sql
    .selectFrom('audit_entry')
    .select(['actor_kind', 'actor_id', 'action', 'target'])
    .where('tenant_id', '=', tenant.id)
    .where('action', 'like', 'member.%')
    .orderBy('id')
    .execute();
}

const refused = { code: 'not_allowed' };

describe('member.update', () => {
  it('[RO10] is told as a change of the member, then as an act; the log keeps it', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const cy = await tenant.connect('cy');
    const { id } = await createGroup(ann, ['bob']);
    const input = { conversation: id, user: 'bob', role: 'admin' as const };
    expect(await ann.ask('member.update', input)).toEqual({ version: 3 });
    for (const socket of [ann, bob]) {
      await socket.settled();
      const changes = changesHeard(socket, id);
      expectUnbroken(changes);
      expect(changes).toMatchObject([
        {
          event: 'member.updated',
          version: 2,
          member: { id: 'bob', role: 'admin', joined_seq: 1, version: 2, left_at: null },
          member_count: 2,
        },
        {
          event: 'message.created',
          version: 3,
          message: {
            seq: 1,
            sender: 'ann',
            kind: 'system',
            act: { type: 'role_changed', user: 'bob', role: 'admin' },
          },
        },
      ]);
    }
    const { conversation } = await bob.ask('conversation.get', { conversation: id });
    expect(conversation.my_role).toBe('admin');
    expect(await audited(tenant)).toEqual([
      {
        actor_kind: 'person',
        actor_id: 'ann',
        action: 'member.role_changed',
        target: { conversation: id, user: 'bob', role: 'admin' },
      },
    ]);
    await cy.settled();
    expect(cy.events).toEqual([]);
  });

  it('[RO10] takes effect at once: the admin acts as one, and no longer after losing it', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id: conversation } = await createGroup(ann, ['bob']);
    const rename = () => bob.ask('conversation.update', { conversation, name: `${Math.random()}` });
    await expect(rename()).rejects.toMatchObject(refused);
    await ann.ask('member.update', { conversation, user: 'bob', role: 'admin' });
    await rename();
    await ann.ask('member.update', { conversation, user: 'bob', role: 'member' });
    await expect(rename()).rejects.toMatchObject(refused);
  });

  it('[RO11] to the role that they have changes nothing', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const group = await createGroup(ann, ['bob']);
    for (const [user, role] of [
      ['bob', 'member'],
      ['ann', 'owner'],
    ] as const) {
      const answer = await ann.ask('member.update', { conversation: group.id, user, role });
      expect(answer).toEqual({ version: 1 });
    }
    const { conversation } = await ann.ask('conversation.get', { conversation: group.id });
    expect(conversation).toEqual(group);
    expect(await audited(tenant)).toEqual([]);
  });

  it('[RO12] is for owners: nobody else gives a role, nor takes one', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy', 'dee']);
    const ann = await tenant.connect('ann');
    const { id: conversation } = await createGroup(ann, ['bob', 'cy', 'dee']);
    const place = { server, tenant, conversation };
    await givenRole(place, 'bob', 'admin');
    for (const user of ['bob', 'cy']) {
      const socket = await tenant.connect(user);
      for (const target of ['ann', 'bob', 'cy', 'dee', 'nobody']) {
        for (const role of ['owner', 'admin', 'member'] as const) {
          await expect(
            socket.ask('member.update', { conversation, user: target, role }),
          ).rejects.toMatchObject(refused);
        }
      }
    }
    const roles = { ann: 'owner', bob: 'admin', cy: 'member', dee: 'member' };
    expect(await rolesIn(tenant, conversation)).toEqual(roles);
  });

  it('[RO13] lets nobody raise themselves, whatever they count as by their role in the tenant', async () => {
    const tenant = await server.tenant(['ann', 'boss']);
    await givenTenantRole(server, tenant, 'boss', 'admin');
    const ann = await tenant.connect('ann');
    const boss = await tenant.connect('boss');
    const { id: conversation } = await createGroup(ann, ['boss']);
    for (const role of ['owner', 'admin'] as const) {
      await expect(
        boss.ask('member.update', { conversation, user: 'boss', role }),
      ).rejects.toMatchObject(refused);
    }
    expect(await rolesIn(tenant, conversation)).toEqual({ ann: 'owner', boss: 'member' });
  });

  it('[RO14] leaves a group an owner who can act as one', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'gone', 'guest', 'boss']);
    const ann = await tenant.connect('ann');
    const boss = await tenant.connect('boss');
    const { id: conversation } = await createGroup(ann, ['bob', 'gone', 'guest', 'boss']);
    const place = { server, tenant, conversation };
    await givenTenantRole(server, tenant, 'boss', 'admin');
    await givenTenantRole(server, tenant, 'guest', 'guest');
    await givenRole(place, 'guest', 'owner');
    await givenRole(place, 'gone', 'owner');
    await server.database.sql
      .updateTable('app_user')
      .set({ deactivated_at: new Date() })
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', 'gone')
      .execute();
    const stepDown = { conversation, user: 'ann', role: 'member' as const };
    for (const socket of [ann, boss]) {
      await expect(socket.ask('member.update', stepDown)).rejects.toMatchObject(refused);
    }
    await ann.ask('member.update', { conversation, user: 'bob', role: 'owner' });
    await ann.ask('member.update', stepDown);
    await expect(ann.ask('member.update', { ...stepDown, role: 'owner' })).rejects.toMatchObject(
      refused,
    );
    // Who only seems to be an owner can be put right.
    await boss.ask('member.update', { conversation, user: 'guest', role: 'member' });
    expect(await rolesIn(tenant, conversation)).toEqual({
      ann: 'member',
      bob: 'owner',
      boss: 'member',
      gone: 'owner',
      guest: 'member',
    });
  });

  it('[RO15] gives guests no role', async () => {
    const tenant = await server.tenant(['ann', 'gus']);
    await givenTenantRole(server, tenant, 'gus', 'guest');
    const ann = await tenant.connect('ann');
    const { id: conversation } = await createGroup(ann, ['gus']);
    for (const role of ['owner', 'admin'] as const) {
      await expect(
        ann.ask('member.update', { conversation, user: 'gus', role }),
      ).rejects.toMatchObject(refused);
    }
  });

  it('[RO16] of who is not in it is one not_found; in a direct conversation not_allowed', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy', 'dee']);
    const elsewhere = await server.tenant(['foreign']);
    await elsewhere.connect('foreign');
    const ann = await tenant.connect('ann');
    const { id: conversation } = await createGroup(ann, ['bob', 'cy']);
    await ann.ask('member.remove', { conversation, user: 'cy' });
    const answers = await Promise.all(
      ['cy', 'dee', 'nobody', 'foreign', '__proto__'].map((user) =>
        answerOf(ann, { type: 'member.update', conversation, user, role: 'admin' }),
      ),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('"code":"not_found"');
    expect(answers[0]).toContain('"field":"user"');
    const direct = await createDirect(ann, 'bob');
    await expect(
      ann.ask('member.update', { conversation: direct.id, user: 'bob', role: 'admin' }),
    ).rejects.toMatchObject(refused);
  });
});

describe('member.remove', () => {
  it('[RO20] is upon those of a lower role; owners remove anybody', async () => {
    const people = ['ann', 'owner2', 'admin1', 'admin2', 'mod', 'boss', 'bob', 'gus'];
    const tenant = await server.tenant(people);
    await givenTenantRole(server, tenant, 'mod', 'moderator');
    await givenTenantRole(server, tenant, 'boss', 'admin');
    await givenTenantRole(server, tenant, 'gus', 'guest');
    const parts = { db: server.database.db, bus: server.bus, now: Date.now };
    const rank: Record<string, number> = {
      ann: 2,
      owner2: 2,
      boss: 2,
      admin1: 1,
      admin2: 1,
      mod: 1,
      bob: 0,
      gus: 0,
    };
    for (const actor of people) {
      const socket = await tenant.connect(actor);
      const scope = { tenant: tenant.id, user: 'ann' };
      const made = await createConversationFor(parts, scope, { kind: 'group', members: people });
      const place = { server, tenant, conversation: made.conversation.id };
      await givenRole(place, 'owner2', 'owner');
      await givenRole(place, 'admin1', 'admin');
      await givenRole(place, 'admin2', 'admin');
      // What a guest was given before does not count.
      await givenRole(place, 'gus', 'owner');
      for (const target of people.filter((one) => one !== actor)) {
        const input = { conversation: place.conversation, user: target };
        const told = await socket.ask('member.remove', input).then(
          () => 'removed',
          (error: { code: string }) => error.code,
        );
        const mine = rank[actor] ?? 0;
        const may = mine === 2 || (mine === 1 && (rank[target] ?? 0) < 1);
        expect(told, `${actor} removes ${target}`).toBe(may ? 'removed' : 'not_allowed');
      }
      await socket.close();
    }
  });

  it('[RO21] by somebody else is kept in the log; leaving is not', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const cy = await tenant.connect('cy');
    const { id: conversation } = await createGroup(ann, ['bob', 'cy']);
    await ann.ask('member.remove', { conversation, user: 'bob' });
    await cy.ask('member.remove', { conversation, user: 'cy' });
    expect(await audited(tenant)).toEqual([
      {
        actor_kind: 'person',
        actor_id: 'ann',
        action: 'member.removed',
        target: { conversation, user: 'bob' },
      },
    ]);
  });
});

describe('the last owner who goes', () => {
  /** Who has the group after the owner left: people in the order in which they joined. */
  async function heirOf(
    joined: Readonly<Record<string, 'admin' | 'member' | 'guest' | 'deactivated'>>,
    { removed = false } = {},
  ): Promise<Record<string, string>> {
    const others = Object.keys(joined);
    const tenant = await server.tenant(['zoe', 'boss', ...others]);
    const zoe = await tenant.connect('zoe');
    const { id: conversation } = await createGroup(zoe, []);
    for (const user of others) await zoe.ask('member.add', { conversation, users: [user] });
    for (const [user, kind] of Object.entries(joined)) {
      if (kind === 'admin') await givenRole({ server, tenant, conversation }, user, 'admin');
      if (kind === 'guest') await givenTenantRole(server, tenant, user, 'guest');
      if (kind !== 'deactivated') continue;
      await givenRole({ server, tenant, conversation }, user, 'owner');
      await server.database.sql
        .updateTable('app_user')
        .set({ deactivated_at: new Date() })
        .where('tenant_id', '=', tenant.id)
        .where('id', '=', user)
        .execute();
    }
    if (removed) {
      await zoe.ask('member.add', { conversation, users: ['boss'] });
      await givenTenantRole(server, tenant, 'boss', 'admin');
      const boss = await tenant.connect('boss');
      await boss.ask('member.remove', { conversation, user: 'zoe' });
    } else await zoe.ask('conversation.leave', { conversation });
    return rolesIn(tenant, conversation);
  }

  it('[RO22] hands on to the oldest admin', async () => {
    expect(await heirOf({ dan: 'member', cat: 'admin', bea: 'admin' })).toEqual({
      bea: 'admin',
      cat: 'owner',
      dan: 'member',
    });
  });

  it('[RO22] else to the member who has been there for longest, removed or leaving', async () => {
    const roles = { bea: 'member', cat: 'member', dan: 'owner' };
    expect(await heirOf({ dan: 'member', cat: 'member', bea: 'member' })).toEqual(roles);
    expect(await heirOf({ dan: 'member', bea: 'member' }, { removed: true })).toEqual({
      bea: 'member',
      boss: 'member',
      dan: 'owner',
    });
  });

  it('[RO22] passes over guests and the deactivated; among them alone nobody owns it', async () => {
    expect(await heirOf({ gus: 'guest', old: 'deactivated', bea: 'member' })).toEqual({
      bea: 'owner',
      gus: 'member',
      old: 'owner',
    });
    expect(await heirOf({ gus: 'guest', guy: 'guest' })).toEqual({ gus: 'member', guy: 'member' });
  });

  it('[RO22] hands on before going: a change and an act of their own, then the leaving', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id: conversation } = await createGroup(ann, ['bob', 'cy']);
    expect(await ann.ask('conversation.leave', { conversation })).toEqual({ version: 5 });
    await bob.settled();
    await ann.settled();
    const changes = changesHeard(bob, conversation);
    expectUnbroken(changes);
    expect(changes).toMatchObject([
      { event: 'member.updated', member: { id: 'bob', role: 'owner' }, member_count: 3 },
      {
        event: 'message.created',
        message: { sender: 'ann', act: { type: 'role_changed', user: 'bob', role: 'owner' } },
      },
      { event: 'member.updated', member: { id: 'ann' }, member_count: 2 },
      { event: 'message.created', message: { act: { type: 'member_left' } } },
    ]);
    // Who goes may hear of the heir, and of nothing later.
    for (const one of changesHeard(ann, conversation)) expect(one.version).toBeLessThan(4);
    const { conversation: row } = await bob.ask('conversation.get', { conversation });
    expect(row.my_role).toBe('owner');
    await bob.ask('member.update', { conversation, user: 'cy', role: 'owner' });
    // With another owner there is nothing to hand on.
    expect(await bob.ask('conversation.leave', { conversation })).toEqual({ version: 9 });
  });
});

describe('what I count as', () => {
  it('[RO23] is in every row and in every joining that I am told of, each their own', async () => {
    const people = ['ann', 'mod', 'boss', 'gus', 'plain'];
    const tenant = await server.tenant(people);
    await givenTenantRole(server, tenant, 'mod', 'moderator');
    await givenTenantRole(server, tenant, 'boss', 'admin');
    await givenTenantRole(server, tenant, 'gus', 'guest');
    const sockets = await Promise.all(people.map((user) => tenant.connect(user)));
    const [ann] = sockets;
    if (ann === undefined) throw new Error('nobody');
    const founded = await createGroup(ann, people);
    const { id: grown } = await createGroup(ann, []);
    await ann.ask('member.add', { conversation: grown, users: people });
    const direct = await createDirect(ann, 'boss');
    const expected: Record<string, string> = {
      ann: 'owner',
      mod: 'admin',
      boss: 'owner',
      gus: 'member',
      plain: 'member',
    };
    for (const [i, user] of people.entries()) {
      const socket = sockets[i] ?? ann;
      for (const id of [founded.id, grown]) {
        const added = await socket.event('conversation.added', (one) => one.conversation.id === id);
        expect(added.conversation.my_role, `${user} told`).toBe(expected[user]);
        const { conversation } = await socket.ask('conversation.get', { conversation: id });
        expect(conversation.my_role, `${user} reads`).toBe(expected[user]);
        // What is stored, and what others see, is the role in the group alone.
        const stored = user === 'ann' ? 'owner' : 'member';
        expect(conversation.members.find((one) => one.id === user)?.role).toBe(stored);
      }
    }
    expect(direct.my_role).toBe('member');
    const boss = sockets[2] ?? ann;
    const told = await boss.event('conversation.added', (one) => one.conversation.id === direct.id);
    expect(told.conversation.my_role).toBe('member');
  });

  it('[RO24] never comes from what is sent', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const planted = {
      role: 'owner',
      my_role: 'owner',
      joined_seq: 0,
      joined_version: 0,
      version: 99,
      last_seq: 99,
      member_count: 99,
      created_by: 'bob',
      tenant: 'other',
      tenant_id: 'other',
      sender: 'ann',
      user_id: 'ann',
      history: 'all',
      blocked: true,
    };
    const made = await ann.reply({
      type: 'conversation.create',
      kind: 'group',
      members: ['bob'],
      ...planted,
    });
    expect(made.result).toMatchObject({
      conversation: { created_by: 'ann', version: 1, last_seq: 0, member_count: 2 },
    });
    const { conversations } = await bob.ask('conversation.list', {});
    const conversation = conversations[0]?.id ?? '';
    const place = { server, tenant, conversation };
    await givenRole(place, 'bob', 'admin');
    const asBob = (frame: object) => bob.reply({ ...planted, ...frame, conversation });
    expect((await asBob({ type: 'conversation.update', name: 'New' })).error).toBeUndefined();
    expect((await asBob({ type: 'member.add', users: ['cy'] })).error).toBeUndefined();
    expect((await asBob({ type: 'read', seq: 0 })).error).toBeUndefined();
    const message = { id: crypto.randomUUID(), body: 'Hi', ...planted, kind: 'system', seq: 1 };
    const sent = await asBob({ type: 'message.send', message });
    expect(sent.result).toMatchObject({ seq: 3 });
    expect(await rolesIn(tenant, conversation)).toEqual({
      ann: 'owner',
      bob: 'admin',
      cy: 'member',
    });
    const { messages } = await ann.ask('message.list', { conversation });
    expect(messages.map((one) => [one.sender, one.kind])).toEqual([
      ['bob', 'system'],
      ['bob', 'system'],
      ['bob', 'text'],
    ]);
    const rows = await server.database.sql
      .selectFrom('conversation')
      .select(['history', 'created_by', 'blocked', 'member_count'])
      .where('id', '=', conversation)
      .execute();
    expect(rows).toEqual([
      { history: 'joined', created_by: 'ann', blocked: false, member_count: 3 },
    ]);
  });
});

describe('a change', () => {
  it('[RO25] is refused once the access of its maker has ended, though the socket still stands', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const { id: conversation } = await createGroup(ann, ['bob']);
    // Behind the server's back: nobody is told, so nobody closes the socket.
    await server.database.sql
      .updateTable('app_user')
      .set({ tokens_valid_from: new Date(Date.now() + 60_000) })
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', 'ann')
      .execute();
    const answers = await Promise.all(
      [
        { type: 'conversation.update', conversation, name: 'Late' },
        { type: 'member.remove', conversation, user: 'bob' },
        { type: 'member.update', conversation, user: 'bob', role: 'owner' },
        { type: 'conversation.create', kind: 'group', members: ['bob'] },
      ].map((frame) => ann.reply(frame)),
    );
    for (const answer of answers) {
      expect(['unauthorized', 'unavailable']).toContain(answer.error?.code);
    }
    expect(answers[0]?.error?.code).toBe('unauthorized');
    expect(await rolesIn(tenant, conversation)).toEqual({ ann: 'owner', bob: 'member' });
  });
});
