import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenOpenGroups } from '../src/testing/given.ts';
import {
  changesHeard,
  createDirect,
  createGroup,
  expectUnbroken,
  say,
} from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('conversation.update', () => {
  it('[CV30] renames a group: everybody hears the change, then the act, each with its version', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    await givenOpenGroups(server, tenant);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const cy = await tenant.connect('cy');
    const { id } = await createGroup(ann, ['bob'], 'Old');
    const { conversation } = await bob.ask('conversation.update', {
      conversation: id.toUpperCase(),
      name: '  New \t name ',
    });
    expect(conversation).toMatchObject({ id, name: 'New name', version: 3, last_seq: 1 });
    const { messages } = await ann.ask('message.list', { conversation: id });
    expect(messages).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        seq: 1,
        sender: 'bob',
        kind: 'system',
        body: '',
        act: { type: 'renamed', name: 'New name' },
        created_at: conversation.last_activity_at,
        version: 3,
      },
    ]);
    for (const socket of [ann, bob]) {
      await socket.settled();
      expect(changesHeard(socket, id)).toEqual([
        {
          event: 'conversation.updated',
          conversation: id,
          version: 2,
          changed: { name: 'New name' },
        },
        { event: 'message.created', conversation: id, version: 3, message: messages[0] },
      ]);
    }
    await cy.settled();
    expect(cy.events).toEqual([]);
  });

  it('[CV31] to the name it has, or to none at all, changes nothing', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const group = await createGroup(ann, [], 'Same');
    for (const name of ['Same', ' Same ', null, undefined]) {
      const reply = await ann.reply({ type: 'conversation.update', conversation: group.id, name });
      expect(reply.result).toEqual({ conversation: group });
    }
    expect(changesHeard(ann, group.id)).toEqual([]);
  });

  it('[CV32] refuses names that are empty, too long or not storable, and changes nothing', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const group = await createGroup(ann, [], 'Same');
    for (const name of ['', ' \n ', 'x'.repeat(201), 'a\u0000', '\udc00']) {
      await expect(
        ann.ask('conversation.update', { conversation: group.id, name }),
      ).rejects.toMatchObject({ code: 'bad_request', field: 'name' });
    }
    const { conversation } = await ann.ask('conversation.get', { conversation: group.id });
    expect(conversation).toEqual(group);
  });

  it('[CV33] by many at once, amid sends, leaves dense versions that everybody hears in order', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    await givenOpenGroups(server, tenant);
    const people = await Promise.all(['ann', 'bob', 'cy'].map((user) => tenant.connect(user)));
    const [ann = people[0]] = people;
    if (ann === undefined) throw new Error('nobody');
    const { id } = await createGroup(ann, ['bob', 'cy'], 'Start');
    await Promise.all(
      people.flatMap((socket, i) =>
        Array.from({ length: 8 }, (_, n) => [
          socket.ask('conversation.update', { conversation: id, name: `Name ${i} ${n}` }),
          say(socket, id, `text ${i} ${n}`),
        ]).flat(),
      ),
    );
    const { conversation } = await ann.ask('conversation.get', { conversation: id });
    expect(conversation).toMatchObject({ version: 1 + 24 * 3, last_seq: 48 });
    const told = await Promise.all(
      people.map(async (socket) => {
        await socket.settled();
        return changesHeard(socket, id);
      }),
    );
    for (const changes of told) {
      expectUnbroken(changes);
      expect(changes).toEqual(told[0]);
      expect(changes.map((one) => one.version)).toEqual(
        Array.from({ length: 72 }, (_, i) => i + 2),
      );
      const names = changes.flatMap((one) =>
        one.event === 'conversation.updated' ? [one.changed.name] : [],
      );
      expect(names.at(-1)).toBe(conversation.name);
    }
  });
});

describe('a direct conversation', () => {
  it('[CV34] keeps its two people and has no name: every act on that is not_allowed', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const direct = await createDirect(ann, 'bob');
    const conversation = direct.id;
    const acts = [
      () => bob.ask('conversation.update', { conversation, name: 'Us' }),
      () => bob.ask('conversation.update', { conversation }),
      () => bob.ask('member.add', { conversation, users: ['cy'] }),
      () => bob.ask('member.add', { conversation, users: ['ann'] }),
      () => bob.ask('member.add', { conversation, users: ['nobody'] }),
      () => ann.ask('member.remove', { conversation, user: 'bob' }),
      () => ann.ask('member.remove', { conversation, user: 'ann' }),
      () => ann.ask('member.remove', { conversation, user: 'cy' }),
      () => ann.ask('conversation.leave', { conversation }),
      () => bob.ask('conversation.leave', { conversation }),
    ];
    for (const act of acts) {
      await expect(act(), String(act)).rejects.toMatchObject({ code: 'not_allowed' });
    }
    expect((await ann.ask('conversation.get', { conversation })).conversation).toEqual(direct);
    await bob.settled();
    expect(changesHeard(bob, conversation)).toEqual([]);
  });
});
