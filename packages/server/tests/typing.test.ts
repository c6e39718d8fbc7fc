import { newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

function signs(socket: TestSocket): [conversation: string, user: string, typing: boolean][] {
  return socket.events.flatMap((event): [string, string, boolean][] =>
    event.event === 'typing' ? [[event.conversation, event.user, event.typing]] : [],
  );
}

async function annBobAndCy() {
  const tenant = await server.tenant(['ann', 'bob', 'cy']);
  const ann = await tenant.connect('ann');
  const bob = await tenant.connect('bob');
  const cy = await tenant.connect('cy');
  return { tenant, ann, bob, cy };
}

describe('typing', () => {
  it('[PT1] is told to the others in the conversation, to none of the typist nor to outsiders', async () => {
    const { tenant, ann, bob, cy } = await annBobAndCy();
    const phone = await tenant.connect('ann');
    const bobsPhone = await tenant.connect('bob');
    const { id } = await createDirect(ann, 'bob');
    ann.sendRaw(JSON.stringify({ type: 'typing', conversation: id.toUpperCase(), typing: true }));
    ann.sendRaw(JSON.stringify({ type: 'typing', conversation: id, typing: false }));
    for (const socket of [bob, bobsPhone]) {
      await socket.event('typing', (event) => !event.typing);
      expect(signs(socket)).toEqual([
        [id, 'ann', true],
        [id, 'ann', false],
      ]);
    }
    for (const socket of [ann, phone, cy]) {
      await socket.settled();
      expect(signs(socket)).toEqual([]);
    }
  });

  it('[PT2] asks for no reply, and gets one where it is asked for', async () => {
    const { ann } = await annBobAndCy();
    const { id } = await createDirect(ann, 'bob');
    expect(await ann.reply({ type: 'typing', conversation: id, typing: true })).toEqual({
      id: expect.any(Number),
      result: {},
    });
    // Refused without an id, it is as if it had not been said.
    ann.sendRaw(JSON.stringify({ type: 'typing', conversation: newId(), typing: true }));
    await ann.settled();
    expect(ann.strayErrors).toEqual([]);
    for (const typing of ['true', 1, null, undefined, {}]) {
      const { error } = await ann.reply({ type: 'typing', conversation: id, typing });
      expect(error).toMatchObject({ code: 'bad_request', field: 'typing' });
    }
  });

  it('[PT3] of somebody who is not in, or no longer, is not_found and told to nobody', async () => {
    const { ann, bob, cy } = await annBobAndCy();
    const { id } = await createGroup(ann, ['bob']);
    const type = (socket: TestSocket) =>
      socket.reply({ type: 'typing', conversation: id, typing: true });
    expect((await type(cy)).error).toMatchObject({ code: 'not_found' });
    await ann.ask('member.remove', { conversation: id, user: 'bob' });
    expect((await type(bob)).error).toMatchObject({ code: 'not_found' });
    await ann.settled();
    expect(signs(ann)).toEqual([]);
    await ann.ask('member.add', { conversation: id, users: ['cy'] });
    expect((await type(cy)).result).toEqual({});
    await ann.event('typing', (event) => event.user === 'cy');
  });

  it('[PT4] ends when the connection ends, in every conversation it went on in', async () => {
    const { ann, bob, cy } = await annBobAndCy();
    const first = await createDirect(ann, 'bob');
    const second = await createGroup(ann, ['bob', 'cy']);
    const third = await createGroup(ann, ['bob']);
    for (const { id } of [first, second, third]) {
      await ann.ask('typing', { conversation: id, typing: true });
    }
    await ann.ask('typing', { conversation: third.id, typing: false });
    await say(ann, first.id, 'said');
    ann.terminate();
    await bob.event('typing', (event) => event.conversation === second.id && !event.typing);
    await cy.event('typing', (event) => !event.typing);
    await bob.settled();
    expect(signs(bob)).toEqual([
      [first.id, 'ann', true],
      [second.id, 'ann', true],
      [third.id, 'ann', true],
      [third.id, 'ann', false],
      [second.id, 'ann', false],
    ]);
  });

  it('[PT5] of somebody removed while typing is not heard of again', async () => {
    const { tenant, ann, bob, cy } = await annBobAndCy();
    const { id } = await createGroup(ann, ['bob', 'cy']);
    await cy.ask('typing', { conversation: id, typing: true });
    await bob.event('typing');
    await ann.ask('member.remove', { conversation: id, user: 'cy' });
    await cy.close();
    // Cy is gone when others see it: a way round that comes after.
    await (await tenant.connect('cy')).settled();
    await bob.settled();
    expect(signs(bob)).toEqual([[id, 'cy', true]]);
  });
});
