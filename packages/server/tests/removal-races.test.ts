import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../src/db/testing/test-database.ts';
import { FaultyNetwork } from '../src/testing/faulty-network.ts';
import { HeldDatabase } from '../src/testing/held-database.ts';
import { changesHeard, createGroup, expectUnbroken, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, TestTenant } from '../src/testing/test-server.ts';
import { TestSocket } from '../src/testing/test-socket.ts';

let database: TestDatabase;
let network: FaultyNetwork;
/** The answers that this node gets can be held back. */
let held: HeldDatabase;
let here: TestServer;
let there: TestServer;
beforeAll(async () => {
  database = await createTestDatabase();
  network = new FaultyNetwork();
  held = new HeldDatabase(database.db);
  here = await startTestServer({ database: { ...database, db: held }, bus: network.node() });
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

// Words of the statements whose answers are held.
const membershipsRead = 'person.tokens_valid_from';
const gapRead = 'message.version > message.created_version';
const syncRead = 'installation.epoch, app_user.version';

async function tenants(people: readonly string[]) {
  const onHere = await here.tenant(people);
  return { onHere, onThere: new TestTenant(there, onHere.id, onHere.apiKey) };
}

/** What the socket heard of the conversation, as text. */
function heardOf(socket: TestSocket, conversation: string): string {
  return JSON.stringify(changesHeard(socket, conversation));
}

describe('a removal', () => {
  it('[RV30] ends all connections of the person in the conversation before its reply', async () => {
    const { onHere } = await tenants(['ann', 'bob', 'eve']);
    const [ann, bob] = [await onHere.connect('ann'), await onHere.connect('bob')];
    const eves = await Promise.all(Array.from({ length: 8 }, () => onHere.connect('eve')));
    const { id } = await createGroup(ann, ['bob', 'eve']);
    for (const eve of eves) await eve.event('conversation.added');
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    const secret = await say(ann, id, 'secret');
    await ann.ask('conversation.update', { conversation: id, name: 'secret name' });
    ann.sendRaw(JSON.stringify({ type: 'typing', conversation: id, typing: true }));
    await ann.ask('read', { conversation: id, seq: secret.seq });
    await bob.event('read');
    for (const eve of eves) {
      await eve.event('conversation.removed');
      await eve.settled();
      expect(JSON.stringify(eve.events)).not.toContain('secret');
      expect(eve.events.filter((one) => one.event === 'typing' || one.event === 'read')).toEqual(
        [],
      );
      await expect(eve.ask('typing', { conversation: id, typing: true })).rejects.toMatchObject({
        code: 'not_found',
      });
    }
  });

  it('[RV31] while hello is under way is not undone by what was read before it', async () => {
    const { onHere } = await tenants(['ann', 'eve']);
    const ann = await onHere.connect('ann');
    const { id } = await createGroup(ann, ['eve']);
    const answer = held.hold(membershipsRead);
    const socket = await TestSocket.open(here.socketUrl);
    const hello = socket.ask('hello', { token: await onHere.token('eve') });
    await answer.read;
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    await say(ann, id, 'secret');
    answer.release();
    await hello;
    await say(ann, id, 'second secret');
    await socket.settled();
    expect(heardOf(socket, id)).toBe('[]');
    await expect(socket.ask('typing', { conversation: id, typing: true })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('[RV31] while hello is under way, lost with the bus, is found within 2 s', async () => {
    const { onHere, onThere } = await tenants(['ann', 'eve']);
    const ann = await onThere.connect('ann');
    const { id } = await createGroup(ann, ['eve']);
    const answer = held.hold(membershipsRead);
    const socket = await TestSocket.open(here.socketUrl);
    const hello = socket.ask('hello', { token: await onHere.token('eve') });
    await answer.read;
    network.fate = () => 'lose';
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    await say(ann, id, 'secret');
    answer.release();
    await hello;
    await socket.event('conversation.removed', (event) => event.conversation === id);
    expect(heardOf(socket, id)).not.toContain('secret');
  });

  it('[RV31] while hello is under way is known from the conversation alone', async () => {
    const { onHere, onThere } = await tenants(['ann', 'bob', 'eve']);
    const ann = await onThere.connect('ann');
    const bob = await onHere.connect('bob');
    const { id } = await createGroup(ann, ['bob', 'eve']);
    await bob.event('conversation.added');
    const answer = held.hold(membershipsRead);
    const socket = await TestSocket.open(here.socketUrl);
    const hello = socket.ask('hello', { token: await onHere.token('eve') });
    await answer.read;
    // As on a bus that does not carry the topic of who has just come yet.
    network.fate = (message) => (message.type === 'left' ? 'lose' : 'arrive');
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    answer.release();
    await hello;
    await say(ann, id, 'secret');
    await bob.event('message.created', ({ message }) => message.body === 'secret');
    await socket.settled();
    expect(heardOf(socket, id)).toBe('[]');
    await ann.ask('member.add', { conversation: id, users: ['eve'] });
    await socket.event('conversation.added', (event) => event.conversation.id === id);
  });

  it('[RV32] while sync reads ends what its answer tells', async () => {
    const { onHere } = await tenants(['ann', 'eve']);
    const [ann, eve] = [await onHere.connect('ann'), await onHere.connect('eve')];
    const { id } = await createGroup(ann, ['eve']);
    const { version, seq } = await say(ann, id, 'before');
    await eve.event('message.created', (event) => event.version === version);
    await say(ann, id, 'missed');
    // The first statement of sync has read: what follows is of the same moment.
    const answer = held.hold(syncRead);
    const asked = eve.ask('sync', { me: 1, known: { [id]: { version, last_seq: seq } } });
    await answer.read;
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    await say(ann, id, 'secret');
    answer.release();
    expect(JSON.stringify(await asked)).not.toContain('secret');
    const again = await eve.ask('sync', { me: 1, known: { [id]: { version, last_seq: seq } } });
    expect(again).toMatchObject({ conversations: [], removed: [id] });
    expect(heardOf(eve, id)).not.toContain('secret');
  });

  it('[RV33] while a hole is read from the database keeps what follows it from the removed', async () => {
    const { onHere, onThere } = await tenants(['ann', 'bob', 'eve']);
    const ann = await onThere.connect('ann');
    const [bob, eve] = [await onHere.connect('bob'), await onHere.connect('eve')];
    const { id } = await createGroup(ann, ['bob', 'eve']);
    for (const socket of [bob, eve]) await socket.event('conversation.added');
    network.fate = () => 'lose';
    await say(ann, id, 'lost');
    const answer = held.hold(gapRead);
    network.fate = () => 'arrive';
    const shown = await say(ann, id, 'shows the hole');
    await answer.read;
    // Who was removed, and that it was at all, this node does not hear of.
    network.fate = (message) =>
      message.type === 'left' || message.type === 'change' ? 'lose' : 'arrive';
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    await say(ann, id, 'first secret');
    network.fate = () => 'arrive';
    const last = await say(ann, id, 'second secret');
    answer.release();
    await bob.event('message.created', (event) => event.version === last.version);
    expectUnbroken(changesHeard(bob, id));
    await eve.event('conversation.removed', (event) => event.conversation === id);
    await eve.settled();
    expect(heardOf(eve, id)).not.toContain('secret');
    expect(heardOf(bob, id)).toContain(shown.id);
  });

  it('[RV34] of somebody who is shut out at the same time leaves nothing open', async () => {
    const { onHere } = await tenants(['ann', 'eve']);
    const [ann, eve] = [await onHere.connect('ann'), await onHere.connect('eve')];
    const { id } = await createGroup(ann, ['eve']);
    await eve.event('conversation.added');
    await onHere.call('DELETE', '/v1/users/eve');
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    await onHere.call('PUT', '/v1/users/eve', { body: { name: 'Eve' } });
    const back = await onHere.connect('eve');
    await say(ann, id, 'secret');
    await back.settled();
    expect(heardOf(back, id)).toBe('[]');
    const told = await back.ask('sync', { me: 1, known: { [id]: { version: 1, last_seq: 0 } } });
    expect(told.removed).toEqual([id]);
    await eve.closed;
  });
});
