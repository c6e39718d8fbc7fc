import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenRole } from '../src/testing/given.ts';
import {
  answerOf,
  changesHeard,
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

const left = expect.stringMatching(/^\d{4}-.*Z$/);

describe('member.remove', () => {
  it('[MB10] is told to those who stay, and to every connection of the removed once', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const cy = await tenant.connect('cy');
    const phone = await tenant.connect('cy');
    const { id } = await createGroup(ann, ['bob', 'cy']);
    const answer = await ann.ask('member.remove', { conversation: id, user: 'cy' });
    expect(answer).toEqual({ version: 3 });
    await say(ann, id, 'without cy');
    for (const socket of [ann, bob]) {
      await socket.settled();
      const changes = changesHeard(socket, id);
      expectUnbroken(changes);
      expect(changes).toMatchObject([
        {
          event: 'member.updated',
          version: 2,
          member: {
            id: 'cy',
            name: 'Cy',
            role: 'member',
            joined_seq: 1,
            version: 2,
            left_at: left,
          },
          member_count: 2,
        },
        {
          event: 'message.created',
          version: 3,
          message: {
            seq: 1,
            kind: 'system',
            sender: 'ann',
            act: { type: 'member_removed', user: 'cy' },
          },
        },
        { event: 'message.created', version: 4, message: { seq: 2, body: 'without cy' } },
      ]);
    }
    for (const socket of [cy, phone]) {
      await socket.settled();
      expect(socket.events.slice(1)).toEqual([
        { event: 'conversation.removed', me: 2, conversation: id },
      ]);
      expect((await socket.ask('conversation.list', {})).conversations).toEqual([]);
      await expect(socket.ask('message.list', { conversation: id })).rejects.toMatchObject({
        code: 'not_found',
      });
    }
    const { conversation } = await bob.ask('conversation.get', { conversation: id });
    expect(conversation.members.map((one) => one.id)).toEqual(['ann', 'bob']);
    expect(Object.keys(conversation.marks)).toEqual(['ann', 'bob']);
  });

  it('[MB11] is for owners and admins; others get not_allowed and change nothing', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy', 'dee']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id } = await createGroup(ann, ['bob', 'cy', 'dee']);
    for (const user of ['ann', 'cy', 'nobody']) {
      await expect(
        bob.ask('member.remove', { conversation: id, user }),
        user,
      ).rejects.toMatchObject({ code: 'not_allowed' });
    }
    const { conversation } = await ann.ask('conversation.get', { conversation: id });
    expect(conversation).toMatchObject({ version: 1, member_count: 4 });
    await givenRole({ server, tenant, conversation: id }, 'bob', 'admin');
    await bob.ask('member.remove', { conversation: id, user: 'cy' });
    await bob.ask('member.remove', { conversation: id, user: 'bob' });
    await expect(bob.ask('conversation.get', { conversation: id })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('[MB12] of somebody who is not in, left, or does not exist is the same not_found', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const { id } = await createGroup(ann, ['bob']);
    await ann.ask('member.remove', { conversation: id, user: 'bob' });
    const answers = await Promise.all(
      ['bob', 'cy', 'nobody'].map((user) =>
        answerOf(ann, { type: 'member.remove', conversation: id, user }),
      ),
    );
    expect(answers[0]).toContain('"code":"not_found"');
    expect(new Set(answers).size).toBe(1);
    const { conversation } = await ann.ask('conversation.get', { conversation: id });
    expect(conversation).toMatchObject({ version: 3, member_count: 1 });
  });

  it('[MB13] of one person by many at once happens once', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id } = await createGroup(ann, ['bob', 'cy']);
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, () =>
        answerOf(ann, { type: 'member.remove', conversation: id, user: 'bob' }),
      ),
      answerOf(bob, { type: 'conversation.leave', conversation: id }),
    ]);
    expect(answers.filter((one) => one.includes('"result"'))).toEqual([
      '{"id":0,"result":{"version":3}}',
    ]);
    expect(answers.filter((one) => one.includes('"code":"not_found"'))).toHaveLength(6);
    const { conversation } = await ann.ask('conversation.get', { conversation: id });
    expect(conversation).toMatchObject({ version: 3, last_seq: 1, member_count: 2 });
    await bob.settled();
    expect(bob.events.flatMap((event) => ('me' in event ? [event.me] : []))).toEqual([1, 2]);
  });
});

describe('conversation.leave', () => {
  it('[MB14] is told as an act of the one who left; the owner may, and the last one too', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { id } = await createGroup(ann, ['bob']);
    expect(await ann.ask('conversation.leave', { conversation: id })).toEqual({ version: 5 });
    await bob.settled();
    expect(changesHeard(bob, id).slice(2)).toMatchObject([
      {
        event: 'member.updated',
        member: { id: 'ann', role: 'owner', left_at: left },
        member_count: 1,
      },
      { event: 'message.created', message: { sender: 'ann', act: { type: 'member_left' } } },
    ]);
    await bob.ask('conversation.leave', { conversation: id });
    for (const socket of [ann, bob]) {
      expect((await socket.ask('conversation.list', {})).conversations).toEqual([]);
      expect(socket.events.at(-1)).toEqual({
        event: 'conversation.removed',
        me: 2,
        conversation: id,
      });
      await expect(socket.ask('conversation.leave', { conversation: id })).rejects.toMatchObject({
        code: 'not_found',
      });
    }
  });

  it('[MB15] by everybody at once empties the group in dense steps', async () => {
    const people = Array.from({ length: 8 }, (_, i) => `user${i}`);
    const tenant = await server.tenant(people);
    const sockets = await Promise.all(people.map((user) => tenant.connect(user)));
    const [first] = sockets;
    if (first === undefined) throw new Error('nobody');
    const { id } = await createGroup(first, people);
    const answers = await Promise.all(
      sockets.map((socket) => socket.ask('conversation.leave', { conversation: id })),
    );
    const versions = answers.map((one) => one.version).sort((a, b) => a - b);
    const steps = versions.map((version, i) => version - (versions[i - 1] ?? 1));
    // An owner who leaves others behind hands on first, which takes two more; the last one cannot.
    for (const step of steps) expect([2, 4]).toContain(step);
    expect(steps.at(-1)).toBe(2);
    for (const [i, socket] of sockets.entries()) {
      await socket.settled();
      const changes = changesHeard(socket, id);
      expectUnbroken(changes);
      // The last they may hear is what was committed before they left.
      for (const one of changes) expect(one.version).toBeLessThan((answers[i]?.version ?? 0) - 1);
      expect(socket.events.at(-1)?.event).toBe('conversation.removed');
    }
  });
});
