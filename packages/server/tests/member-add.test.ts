import { limits } from '@parley/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenOpenGroups, givenPeople, givenRole } from '../src/testing/given.ts';
import { changesHeard, createGroup, expectUnbroken, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('member.add', () => {
  it('[MB1] is told to the members: a change per newcomer, then one act', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy', 'dee']);
    await givenOpenGroups(server, tenant);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id } = await createGroup(ann, ['bob']);
    await say(ann, id, 'before');
    const answer = await bob.ask('member.add', { conversation: id, users: ['dee', 'cy', 'dee'] });
    expect(answer).toEqual({ version: 5 });
    const joined = {
      avatar_url: null,
      updated_at: expect.stringMatching(/Z$/),
      role: 'member',
      joined_seq: 2,
      left_at: null,
    };
    for (const socket of [ann, bob]) {
      await socket.settled();
      const changes = changesHeard(socket, id);
      expectUnbroken(changes);
      expect(changes.slice(1)).toEqual([
        {
          event: 'member.updated',
          conversation: id,
          version: 3,
          member: { id: 'cy', name: 'Cy', ...joined, version: 3 },
          member_count: 3,
        },
        {
          event: 'member.updated',
          conversation: id,
          version: 4,
          member: { id: 'dee', name: 'Dee', ...joined, version: 4 },
          member_count: 4,
        },
        expect.objectContaining({
          event: 'message.created',
          version: 5,
          message: expect.objectContaining({
            seq: 2,
            sender: 'bob',
            kind: 'system',
            act: { type: 'members_added', users: ['cy', 'dee'] },
          }),
        }),
      ]);
    }
  });

  it('[MB2] lets a newcomer see from the joining on, and nothing as unread', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const cy = await tenant.connect('cy');
    const tablet = await tenant.connect('cy');
    const { id } = await createGroup(ann, ['bob']);
    const before = await say(ann, id, 'before the joining');
    await say(ann, id, 'still before');
    await ann.ask('member.add', { conversation: id, users: ['cy'] });
    await say(ann, id, 'after');
    for (const socket of [cy, tablet]) {
      const added = await socket.event('conversation.added');
      expect(added).toMatchObject({
        me: 1,
        conversation: { id, first_seq: 3, last_seq: 3, version: 5, unread: 0, member_count: 3 },
      });
      expect(added.conversation.last_message).toMatchObject({ seq: 3, kind: 'system' });
      expect(added.conversation.marks['cy']).toEqual({ read: 2, delivered: 2 });
      const said = await socket.event('message.created');
      expect(said.message).toMatchObject({ seq: 4, body: 'after' });
      const { messages, has_more } = await socket.ask('message.list', { conversation: id });
      expect([messages.map((one) => one.seq), has_more]).toEqual([[3, 4], false]);
      for (const page of [{ before: 3 }, { before: 1 }, { after: 4 }]) {
        expect(await socket.ask('message.list', { conversation: id, ...page })).toEqual({
          messages: [],
          has_more: false,
        });
      }
      const history = await socket.ask('message.list', { conversation: id, after: 0 });
      expect(history.messages.map((one) => one.seq)).toEqual([3, 4]);
    }
    const { conversation } = await cy.ask('conversation.get', { conversation: id });
    expect(conversation).toMatchObject({ first_seq: 3, unread: 1 });
    // Nor is there a way to it by quoting.
    await expect(say(cy, id, 'what was that?', { reply_to: before.id })).rejects.toMatchObject({
      code: 'not_found',
      field: 'message.reply_to',
    });
  });

  it('[MB3] shows everything where the history is for all, and nothing as unread', async () => {
    const tenant = await server.tenant(['ann', 'cy']);
    const ann = await tenant.connect('ann');
    const cy = await tenant.connect('cy');
    const { id } = await createGroup(ann, []);
    await sql`update conversation set history = 'all' where id = ${id}`.execute(
      server.database.sql,
    );
    await say(ann, id, 'before');
    await ann.ask('member.add', { conversation: id, users: ['cy'] });
    const { conversation } = await cy.event('conversation.added');
    expect(conversation).toMatchObject({ first_seq: 1, unread: 0 });
    expect(conversation.marks['cy']).toEqual({ read: 1, delivered: 1 });
    const { messages } = await cy.ask('message.list', { conversation: id });
    expect(messages.map((one) => one.seq)).toEqual([1, 2]);
  });

  it('[MB4] leaves those alone who are in already', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id } = await createGroup(ann, ['bob']);
    await say(ann, id, 'one');
    await bob.ask('read', { conversation: id, seq: 1 });
    const nobody = await ann.ask('member.add', { conversation: id, users: ['bob', 'ann'] });
    expect(nobody).toEqual({ version: 2 });
    const one = await ann.ask('member.add', { conversation: id, users: ['bob', 'cy', 'ann'] });
    expect(one).toEqual({ version: 4 });
    const { conversation } = await ann.ask('conversation.get', { conversation: id });
    expect(conversation.members.map((who) => [who.id, who.role, who.joined_seq])).toEqual([
      ['ann', 'owner', 1],
      ['bob', 'member', 1],
      ['cy', 'member', 2],
    ]);
    expect(conversation.marks['bob']).toEqual({ read: 1, delivered: 1 });
    expect(conversation.last_message?.act).toEqual({ type: 'members_added', users: ['cy'] });
    await bob.settled();
    expect(bob.events.filter((event) => event.event === 'conversation.added')).toHaveLength(1);
  });

  it('[MB5] with somebody who does not exist here is not_found, and adds nobody', async () => {
    const tenant = await server.tenant(['ann', 'cy']);
    const other = await server.tenant(['stranger']);
    const ann = await tenant.connect('ann');
    const cy = await tenant.connect('cy');
    await other.connect('stranger');
    const group = await createGroup(ann, []);
    for (const who of ['nobody', 'stranger', 'CY', '__proto__']) {
      await expect(
        ann.ask('member.add', { conversation: group.id, users: ['cy', who] }),
      ).rejects.toMatchObject({ code: 'not_found', field: 'users' });
    }
    const { conversation } = await ann.ask('conversation.get', { conversation: group.id });
    expect(conversation).toEqual(group);
    await cy.settled();
    expect(cy.events).toEqual([]);
    expect((await tenant.connect('cy')).hello.me).toBe(0);
  });

  it('[MB6] of somebody who was in before is joining anew', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id } = await createGroup(ann, ['bob']);
    await givenRole({ server, tenant, conversation: id }, 'bob', 'admin');
    await say(bob, id, 'first time');
    await bob.ask('read', { conversation: id, seq: 1 });
    await bob.ask('conversation.leave', { conversation: id });
    await say(ann, id, 'in the absence');
    await ann.ask('member.add', { conversation: id, users: ['bob'] });
    const back = await bob.event('conversation.added', (event) => event.me === 3);
    expect(back.conversation).toMatchObject({ first_seq: 4, last_seq: 4, unread: 0 });
    expect(back.conversation.marks['bob']).toEqual({ read: 3, delivered: 3 });
    expect(back.conversation.members.find((one) => one.id === 'bob')).toMatchObject({
      role: 'member',
      joined_seq: 4,
      left_at: null,
    });
    const { messages } = await bob.ask('message.list', { conversation: id });
    expect(messages.map((one) => one.seq)).toEqual([4]);
    expect(bob.events.flatMap((event) => ('me' in event ? [event.me] : []))).toEqual([1, 2, 3]);
    expect((await tenant.connect('bob')).hello.me).toBe(3);
    await bob.settled();
    expect(changesHeard(bob, id).map((one) => one.version)).toEqual([2]);
  });

  it('[MB7] by many at once joins each once, with dense versions', async () => {
    const people = ['ann', 'bob', 'cy'];
    const tenant = await server.tenant(people);
    await givenOpenGroups(server, tenant);
    const newcomers = await givenPeople(server, tenant, 12);
    const sockets = await Promise.all(people.map((user) => tenant.connect(user)));
    const [ann] = sockets;
    if (ann === undefined) throw new Error('nobody');
    const { id } = await createGroup(ann, people);
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        (sockets[i % 3] ?? ann).ask('member.add', {
          conversation: id,
          users: [0, 1, 2, 3].map((n) => newcomers[(i + n * 2) % 12] ?? ''),
        }),
      ),
    );
    const { conversation } = await ann.ask('conversation.get', { conversation: id });
    expect(conversation.member_count).toBe(15);
    expect(conversation.members).toHaveLength(15);
    await ann.settled();
    const changes = changesHeard(ann, id);
    expectUnbroken(changes);
    expect(changes.at(-1)?.version).toBe(conversation.version);
    const joined = changes.flatMap((one) =>
      one.event === 'member.updated' ? [[one.member.id, one.member_count]] : [],
    );
    expect(joined.map(([who]) => who).sort()).toEqual(newcomers);
    expect(joined.map(([, count]) => count)).toEqual(Array.from({ length: 12 }, (_, i) => i + 4));
  });

  it('[MB8] stops at 10,000 people in a group and 1,000 in a call', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy', 'dee']);
    const ann = await tenant.connect('ann');
    const { id } = await createGroup(ann, ['bob']);
    await server.database.sql
      .updateTable('conversation')
      .set({ member_count: limits.membersPerGroup - 1 })
      .where('tenant_id', '=', tenant.id)
      .execute();
    const add = (users: string[]) => ann.ask('member.add', { conversation: id, users });
    await expect(add(['cy', 'dee'])).rejects.toMatchObject({ code: 'too_many', field: 'users' });
    await add(['bob', 'cy', 'cy']);
    await expect(add(['dee'])).rejects.toMatchObject({ code: 'too_many' });
    const { conversation } = await ann.ask('conversation.get', { conversation: id });
    expect(conversation.member_count).toBe(limits.membersPerGroup);
    const many = Array.from({ length: limits.membersPerCall + 1 }, (_, i) => `user${i}`);
    await expect(add(many)).rejects.toMatchObject({ code: 'bad_request', field: 'users' });
    await expect(add([])).rejects.toMatchObject({ code: 'bad_request', field: 'users' });
  });
});
