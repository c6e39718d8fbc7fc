import { newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

describe('two people talk', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('[MS1] a message reaches every connection of every member, the sender included', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const annsPhone = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const cy = await tenant.connect('cy');
    const { conversation } = await ann.ask('conversation.create', {
      kind: 'direct',
      members: ['bob'],
    });
    expect(conversation).toMatchObject({
      kind: 'direct',
      version: 1,
      last_seq: 0,
      member_count: 2,
    });
    await bob.event('conversation.added', (event) => event.conversation.id === conversation.id);

    const id = newId();
    const sent = await ann.ask('message.send', {
      conversation: conversation.id,
      message: { id, body: '  hello  ' },
    });
    expect(sent).toMatchObject({ seq: 1, version: 2 });
    for (const socket of [ann, annsPhone, bob]) {
      const event = await socket.event('message.created');
      expect(event).toMatchObject({
        conversation: conversation.id,
        version: 2,
        message: { id, seq: 1, sender: 'ann', kind: 'text', body: 'hello' },
      });
      expect(event).not.toHaveProperty('prev');
    }
    await cy.settled();
    expect(cy.events).toEqual([]);
  });

  it('[MS2] repeating a send returns the stored message and tells nobody again', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const { conversation } = await ann.ask('conversation.create', {
      kind: 'direct',
      members: ['bob'],
    });
    const send = {
      conversation: conversation.id,
      message: { id: newId(), body: 'once' },
    };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ann.ask('message.send', send)),
    );
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    await expect(
      ann.ask('message.send', { ...send, message: { ...send.message, body: 'other' } }),
    ).rejects.toMatchObject({ code: 'id_reused' });
    await bob.settled();
    expect(bob.events.filter((event) => event.event === 'message.created')).toHaveLength(1);
  });
});
