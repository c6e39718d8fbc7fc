import { limits, newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenPeople } from '../src/testing/given.ts';
import { createDirect, createGroup } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Everything of a tenant that creating a conversation could write. */
async function stored(tenant: TestTenant): Promise<unknown> {
  const { sql } = server.database;
  const of = (table: 'conversation' | 'member' | 'message' | 'app_user') =>
    sql.selectFrom(table).selectAll().where('tenant_id', '=', tenant.id).execute();
  return [await of('conversation'), await of('member'), await of('message'), await of('app_user')];
}

describe('a direct conversation', () => {
  it('[CV1] exists once per pair, however often and from both sides at once it is asked for', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 2 === 0
          ? ann.ask('conversation.create', {
              kind: 'direct',
              members: ['bob'],
              ...(i % 4 === 0 ? { conversation: newId() } : {}),
            })
          : bob.ask('conversation.create', { kind: 'direct', members: ['ann', 'bob'] }),
      ),
    );
    const ids = new Set(made.map((one) => one.conversation.id));
    expect(ids.size).toBe(1);
    for (const socket of [ann, bob]) {
      await socket.settled();
      expect(socket.events.map((event) => event.event)).toEqual(['conversation.added']);
      const { conversations } = await socket.ask('conversation.list', {});
      expect(conversations.map((one) => one.id)).toEqual([...ids]);
      expect(conversations[0]?.members.map((one) => [one.id, one.role])).toEqual([
        ['ann', 'member'],
        ['bob', 'member'],
      ]);
    }
  });

  it('[CV2] is told apart from other pairs whose ids a joined string would confuse', async () => {
    const tenant = await server.tenant([]);
    const ids = [
      'a',
      'b',
      'c',
      'a,b',
      'b,c',
      'a","b',
      'b","c',
      '["a"',
      '"c"]',
      'a ',
      '\\',
      '\u{1f600}',
      '\uffdd',
      '__proto__',
    ];
    const sockets = await Promise.all(ids.map((id) => tenant.connect(id)));
    const seen = new Map<string, string>();
    for (const [i, socket] of sockets.entries()) {
      const others = ids.slice(i + 1);
      const made = await Promise.all(others.map((other) => createDirect(socket, other)));
      for (const [j, { id }] of made.entries()) {
        expect(seen.get(id), `${ids[i]} with ${others[j]}`).toBeUndefined();
        seen.set(id, `${ids[i]} with ${others[j]}`);
      }
    }
    expect(seen.size).toBe((ids.length * (ids.length - 1)) / 2);
    // From the other side each pair finds its own again.
    for (const [i, socket] of sockets.entries()) {
      const before = ids.slice(0, i);
      const found = await Promise.all(before.map((other) => createDirect(socket, other)));
      expect(found.map(({ id }) => seen.get(id))).toEqual(
        before.map((other) => `${other} with ${ids[i]}`),
      );
    }
  });

  it('[CV3] is with exactly one other person, and has no name', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    for (const members of [[], ['ann'], ['bob', 'cy'], ['ann', 'bob', 'cy']]) {
      await expect(
        ann.ask('conversation.create', { kind: 'direct', members }),
        members.join(),
      ).rejects.toMatchObject({ code: 'bad_request', field: 'members' });
    }
    await expect(
      ann.ask('conversation.create', { kind: 'direct', members: ['bob'], name: 'Us' }),
    ).rejects.toMatchObject({ code: 'bad_request', field: 'name' });
    expect((await ann.ask('conversation.list', {})).conversations).toEqual([]);
  });
});

describe('a group', () => {
  it('[CV4] starts at version 1 without a message, everybody in it from the beginning', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const group = await createGroup(ann, ['cy', 'bob', 'cy', 'ann'], '  Our \n  team ');
    const member = {
      avatar_url: null,
      updated_at: expect.stringMatching(/Z$/),
      joined_seq: 1,
      version: 1,
      left_at: null,
    };
    expect(group).toEqual({
      id: group.id,
      kind: 'group',
      name: 'Our team',
      version: 1,
      last_seq: 0,
      first_seq: 1,
      member_count: 3,
      metadata: {},
      created_by: 'ann',
      created_at: group.created_at,
      members: [
        { ...member, id: 'ann', name: 'Ann', role: 'owner' },
        { ...member, id: 'bob', name: 'Bob', role: 'member' },
        { ...member, id: 'cy', name: 'Cy', role: 'member' },
      ],
      unread: 0,
      my_role: 'owner',
      last_message: null,
      last_activity_at: group.created_at,
      marks: {
        ann: { read: 0, delivered: 0 },
        bob: { read: 0, delivered: 0 },
        cy: { read: 0, delivered: 0 },
      },
    });
    const history = await ann.ask('message.list', { conversation: group.id });
    expect(history).toEqual({ messages: [], has_more: false });
  });

  it('[CV5] may be nameless and of oneself alone; two with the same people are two', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const alone = await createGroup(ann, []);
    const again = await createGroup(ann, ['ann']);
    expect(alone).toMatchObject({ name: null, member_count: 1 });
    expect(again.id).not.toBe(alone.id);
  });

  it('[CV6] has a name of 1 to 200 characters, or none', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const longest = '\u{1f600}'.repeat(limits.nameCodePoints);
    expect((await createGroup(ann, [], longest)).name).toBe(longest);
    for (const name of ['', '   ', `${longest}x`, 'a\u0000b', 'a\ud800b']) {
      await expect(createGroup(ann, [], name)).rejects.toMatchObject({
        code: 'bad_request',
        field: 'name',
      });
    }
  });

  it('[CV7] takes at most 1,000 people in one call', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const people = await givenPeople(server, tenant, limits.membersPerCall + 1);
    await expect(createGroup(ann, people)).rejects.toMatchObject({ code: 'bad_request' });
    const group = await createGroup(ann, people.slice(1));
    expect(group.member_count).toBe(limits.membersPerCall + 1);
    expect(group.members).toHaveLength(limits.membersInRow);
    expect(group.marks).toEqual({ ann: { read: 0, delivered: 0 } });
  });
});

describe('creating', () => {
  it('[CV8] is told to every connection of every member, with the row of their own list', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const phone = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const cy = await tenant.connect('cy');
    const group = await createGroup(ann, ['bob']);
    const seenByBob = { ...group, my_role: 'member' };
    const rows = [
      [ann, group],
      [phone, group],
      [bob, seenByBob],
    ] as const;
    for (const [socket, row] of rows) {
      expect(await socket.event('conversation.added')).toEqual({
        event: 'conversation.added',
        me: 1,
        conversation: row,
      });
      const { conversation } = await socket.ask('conversation.get', { conversation: group.id });
      expect(conversation).toEqual(row);
      const { conversations } = await socket.ask('conversation.list', {});
      expect(conversations).toEqual([row]);
    }
    await cy.settled();
    expect(cy.events).toEqual([]);
  });

  it('[CV9] with somebody who does not exist here is not_found, and nothing is made', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'gone']);
    const other = await server.tenant(['stranger']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    await server.database.sql
      .updateTable('app_user')
      .set({ deactivated_at: new Date() })
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', 'gone')
      .execute();
    await other.connect('stranger');
    const before = await stored(tenant);
    const conversation = newId();
    for (const who of ['nobody', 'stranger', 'gone', 'BOB', 'bob ']) {
      const group = { kind: 'group' as const, members: ['bob', who], conversation };
      const direct = { kind: 'direct' as const, members: [who], conversation };
      for (const input of [group, direct]) {
        await expect(ann.ask('conversation.create', input), who).rejects.toMatchObject({
          code: 'not_found',
          field: 'members',
        });
      }
    }
    expect(await stored(tenant)).toEqual(before);
    await bob.settled();
    expect(bob.events).toEqual([]);
    // The id is free as before.
    const input = { kind: 'group' as const, members: ['bob'], conversation };
    expect((await ann.ask('conversation.create', input)).conversation.id).toBe(conversation);
  });

  it('[CV10] again under the same id is the same conversation, also in parallel', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const phone = await tenant.connect('ann');
    const conversation = newId();
    const input = { kind: 'group' as const, members: ['bob'], name: 'Once' };
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        (i % 2 === 0 ? ann : phone).ask('conversation.create', {
          ...input,
          conversation: i % 3 === 0 ? conversation.toUpperCase() : conversation,
        }),
      ),
    );
    for (const one of made) expect(one).toEqual(made[0]);
    expect(made[0]?.conversation.id).toBe(conversation);
    await ann.settled();
    expect(ann.events).toHaveLength(1);
    // What has happened since is in the answer to a late repeat.
    await ann.ask('conversation.update', { conversation, name: 'Later' });
    const late = await ann.ask('conversation.create', { ...input, conversation });
    expect(late.conversation).toMatchObject({ name: 'Later', version: 3, last_seq: 1 });
  });

  it('[CV11] under an id that is taken is id_reused, whoever has it, and tells nothing of it', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const cy = await tenant.connect('cy');
    const secret = await createGroup(ann, ['bob'], 'Secret');
    const direct = await createDirect(ann, 'bob');
    const before = await stored(tenant);
    const tries = [
      [cy, { kind: 'group' as const, members: [], conversation: secret.id }],
      [cy, { kind: 'direct' as const, members: ['ann'], conversation: secret.id }],
      [bob, { kind: 'group' as const, members: ['ann'], conversation: secret.id }],
      [ann, { kind: 'direct' as const, members: ['cy'], conversation: secret.id }],
      [ann, { kind: 'group' as const, members: ['bob'], conversation: direct.id }],
      [ann, { kind: 'direct' as const, members: ['cy'], conversation: direct.id }],
    ] as const;
    for (const [socket, input] of tries) {
      const reply = await socket.reply({ type: 'conversation.create', ...input });
      expect(reply.error).toMatchObject({ code: 'id_reused', field: 'conversation' });
      expect(JSON.stringify(reply)).not.toContain('Secret');
    }
    expect(await stored(tenant)).toEqual(before);
    // A pair that has its conversation gets it, whatever id is proposed.
    const input = { kind: 'direct' as const, members: ['bob'], conversation: secret.id };
    expect((await ann.ask('conversation.create', input)).conversation.id).toBe(direct.id);
  });

  it('[CV12] under an id of a conversation that one has left is id_reused', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const group = await createGroup(ann, ['bob']);
    await ann.ask('conversation.leave', { conversation: group.id });
    await expect(
      ann.ask('conversation.create', { kind: 'group', members: ['bob'], conversation: group.id }),
    ).rejects.toMatchObject({ code: 'id_reused' });
  });
});
