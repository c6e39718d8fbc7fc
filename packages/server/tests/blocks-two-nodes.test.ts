import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BusMessage } from '../src/bus/bus.ts';
import { createTestDatabase, type TestDatabase } from '../src/db/testing/test-database.ts';
import { FaultyNetwork } from '../src/testing/faulty-network.ts';
import { givenChanged } from '../src/testing/given.ts';
import {
  changesHeard,
  createDirect,
  createGroup,
  expectUnbroken,
  say,
} from '../src/testing/talking.ts';
import { startTestServer, type TestServer, TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let database: TestDatabase;
let network: FaultyNetwork;
let here: TestServer;
let there: TestServer;
beforeAll(async () => {
  database = await createTestDatabase();
  network = new FaultyNetwork();
  here = await startTestServer({ database, bus: network.node() });
  there = await startTestServer({ database, bus: network.node() });
});
afterAll(async () => {
  await here.drain();
  await there.drain();
  await database.drop();
});
beforeEach(() => {
  network.fate = () => 'arrive';
});

/** Ann, who blocks, at both nodes; Bob here, and Cy there. */
async function people() {
  const tenant = await here.tenant(['ann', 'bob', 'cy']);
  const away = new TestTenant(there, tenant.id);
  return {
    tenant,
    ann: await tenant.connect('ann'),
    phone: await away.connect('ann'),
    bob: await tenant.connect('bob'),
    cy: await away.connect('cy'),
  };
}

function texts(socket: TestSocket, conversation: string): string[] {
  const changes = changesHeard(socket, conversation);
  expectUnbroken(changes);
  return changes.flatMap((change) =>
    'message' in change ? [`${change.event} ${change.message.kind} ${change.message.body}`] : [],
  );
}

function isBlock(message: BusMessage): boolean {
  return message.type === 'block' || message.type === 'direct-block';
}

async function told(socket: TestSocket, version: number): Promise<void> {
  await Promise.race([
    socket.event('message.created', (event) => event.version === version),
    socket.event('message.updated', (event) => event.version === version),
  ]);
}

describe('between two nodes', () => {
  it('[BL40] what is read from the database to fill a hole is hidden, too', async () => {
    const { tenant, ann, phone, bob, cy } = await people();
    const { id } = await createGroup(bob, ['ann', 'cy']);
    await ann.ask('block.add', { user: 'bob' });
    await phone.event('block.updated');
    const first = await say(bob, id, 'arrives');
    await told(phone, first.version);
    network.fate = (message) => (message.type === 'change' ? 'lose' : 'arrive');
    await say(bob, id, 'lost');
    const place = { server: here, tenant, conversation: id };
    await givenChanged(place, 1, { body: 'edited' });
    await say(cy, id, 'shown');
    const last = await givenChanged(place, 2, { deleted: true });
    await told(phone, last);
    await told(cy, last);
    expect(texts(phone, id)).toEqual([
      'message.created hidden ',
      'message.updated hidden ',
      'message.created text shown',
      'message.created hidden ',
    ]);
    expect(texts(cy, id)).toContain('message.updated text edited');
  });

  it('[BL41] a block whose news was lost holds within 2 s, and is told then', async () => {
    const { ann, phone, bob } = await people();
    const { id } = await createGroup(bob, ['ann']);
    await phone.event('conversation.added');
    network.fate = (message) => (isBlock(message) ? 'lose' : 'arrive');
    const started = performance.now();
    await ann.ask('block.add', { user: 'bob' });
    const block = await phone.event('block.updated');
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(block).toEqual(await ann.event('block.updated'));
    const { version } = await say(bob, id, 'hidden from her');
    await told(phone, version);
    expect(texts(phone, id)).toEqual(['message.created hidden ']);
    await ann.ask('block.remove', { user: 'bob' });
    await phone.event('block.updated', (event) => !event.blocked);
    const again = await say(bob, id, 'shown');
    await told(phone, again.version);
    expect(texts(phone, id).at(-1)).toBe('message.created text shown');
  });

  it('[BL42] late news of an older block does not overrule a newer one', async () => {
    const { ann, phone, bob } = await people();
    const { id } = await createGroup(bob, ['ann']);
    await phone.event('conversation.added');
    network.fate = (message) => (isBlock(message) ? 'hold' : 'arrive');
    await ann.ask('block.add', { user: 'bob' });
    await ann.ask('block.remove', { user: 'bob' });
    network.release((held) => held.reverse());
    await phone.settled();
    const { version } = await say(bob, id, 'shown');
    await told(phone, version);
    expect(texts(phone, id)).toEqual(['message.created text shown']);
    // The older one is told afterwards or never, and never as the last word.
    const words = phone.events.flatMap((event) =>
      event.event === 'block.updated' ? [event.blocked] : [],
    );
    expect(words.at(-1) ?? false).toBe(false);
  });

  it('[BL43] of two of whom one blocks the other neither sees the other type, though news is lost', async () => {
    const { ann, cy } = await people();
    const { id } = await createDirect(ann, 'cy');
    await cy.event('conversation.added');
    network.fate = (message) => (isBlock(message) ? 'lose' : 'arrive');
    await ann.ask('block.add', { user: 'cy' });
    await ann.ask('typing', { conversation: id, typing: true });
    await cy.ask('typing', { conversation: id, typing: true });
    // By way of both nodes, and after.
    const group = await createGroup(ann, ['cy', 'bob']);
    for (const socket of [ann, cy]) {
      await socket.event('conversation.added', (event) => event.conversation.id === group.id);
      await socket.settled();
      expect(socket.events.filter((event) => event.event === 'typing')).toEqual([]);
    }
    // What one node was told of the conversation and the other was not is found, too.
    await ann.ask('block.remove', { user: 'cy' });
    network.fate = (message) => (message.type === 'direct-block' ? 'arrive' : 'lose');
    await ann.ask('block.add', { user: 'cy' });
    network.fate = () => 'lose';
    await ann.ask('block.remove', { user: 'cy' });
    network.fate = () => 'arrive';
    for (;;) {
      await cy.ask('typing', { conversation: id, typing: true });
      await ann.settled();
      if (ann.events.some((event) => event.event === 'typing')) break;
    }
  });
});
