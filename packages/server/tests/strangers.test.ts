import { type CommandType, commands, newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, changesHeard, createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

interface Known {
  readonly conversation: string;
  /** A message that is in it. */
  readonly message: string;
}
type Frame = Readonly<Record<string, unknown>>;

/**
 * Every command: the frames that name a conversation, by what they name; null where none can be.
 * A new command does not compile before it is listed here.
 */
const frames: { readonly [T in CommandType]: ((known: Known) => Frame[]) | null } = {
  hello: null,
  ping: null,
  'token.refresh': null,
  'conversation.create': null,
  'conversation.list': null,
  'conversation.get': ({ conversation }) => [{ conversation }],
  'conversation.update': ({ conversation }) => [
    { conversation, name: 'Mine now' },
    { conversation },
  ],
  'conversation.leave': ({ conversation }) => [{ conversation }],
  'member.list': ({ conversation }) => [{ conversation }, { conversation, cursor: 'a', limit: 1 }],
  'member.add': ({ conversation }) => [
    { conversation, users: ['cy'] },
    { conversation, users: ['ann', 'bob'] },
    { conversation, users: ['nobody'] },
  ],
  'member.remove': ({ conversation }) => [
    { conversation, user: 'ann' },
    { conversation, user: 'cy' },
    { conversation, user: 'nobody' },
  ],
  'member.update': ({ conversation }) => [
    { conversation, user: 'eve', role: 'owner' },
    { conversation, user: 'ann', role: 'member' },
    { conversation, user: 'nobody', role: 'member' },
  ],
  'message.send': ({ conversation, message }) => [
    { conversation, message: { id: newId(), body: 'Hello?' } },
    { conversation, message: { id: message, body: 'inside' } },
    { conversation, message: { id: message, body: 'other' } },
    { conversation, message: { id: newId(), body: 'Hello?', reply_to: message } },
    { conversation, message: { id: newId(), body: 'Hello?', reply_to: newId() } },
  ],
  'message.list': ({ conversation }) => [
    { conversation },
    { conversation, before: 2 },
    { conversation, after: 0, limit: 1 },
  ],
  read: ({ conversation }) => [
    { conversation, seq: 0 },
    { conversation, seq: 1 },
  ],
  delivered: ({ conversation }) => [{ marks: { [conversation]: 1 } }],
  typing: ({ conversation }) => [
    { conversation, typing: true },
    { conversation, typing: false },
  ],
  sync: ({ conversation }) => [
    { me: 0, known: { [conversation]: { version: 0, last_seq: 0 } } },
    { me: 0, known: { [conversation]: { version: 1, last_seq: 1 } } },
    { me: 0, known: { [conversation]: { version: 9_999, last_seq: 9_999 } } },
  ],
  'presence.watch': null,
  'presence.unwatch': null,
  'user.search': null,
  'user.get': null,
  'block.add': null,
  'block.remove': null,
  'block.list': null,
};

describe('a conversation that is not mine', () => {
  it('[CV40] answers as one that does not exist, byte by byte, to every command', async () => {
    const people = ['ann', 'bob', 'cy', 'eve'];
    const tenant = await server.tenant(people);
    const elsewhere = await server.tenant(people);
    const ann = await tenant.connect('ann');
    const eve = await tenant.connect('eve');
    const other = await elsewhere.connect('ann');
    const known = async (conversation: string, socket = ann): Promise<Known> => ({
      conversation,
      message: (await say(socket, conversation, 'inside')).id,
    });
    const left = await known((await createGroup(ann, ['bob', 'eve'])).id);
    await eve.ask('conversation.leave', { conversation: left.conversation });
    const removed = await known((await createGroup(ann, ['eve'])).id);
    await ann.ask('member.remove', { conversation: removed.conversation, user: 'eve' });
    const direct = await known((await createDirect(ann, 'bob')).id);
    const group = await known((await createGroup(ann, ['bob'])).id);
    const foreign = await known((await createGroup(other, ['bob', 'eve'])).id, other);
    const heard = eve.events.length;
    const before = await stored();

    const ids = { left, removed, direct, group, foreign };
    for (const type of Object.keys(commands) as CommandType[]) {
      const invented = { conversation: newId(), message: newId() };
      const expected = frames[type]?.(invented) ?? [];
      for (const [kind, one] of Object.entries(ids)) {
        for (const [i, frame] of (frames[type]?.(one) ?? []).entries()) {
          const told = await answerOf(eve, { type, ...frame });
          const control = await answerOf(eve, { type, ...expected[i] });
          const at = `${type} ${kind} ${i}`;
          // What an answer repeats of the question may differ, and the clock.
          const plain = (text: string, { conversation }: Known) =>
            text.replaceAll(conversation, 'id').replace(/"at":"[^"]*"/, '');
          expect(plain(told, one), at).toBe(plain(control, invented));
          if (type === 'sync') expect(told, at).toContain(`"removed":["${one.conversation}"]`);
          else if (type === 'delivered') expect(told, at).toBe('{"id":0,"result":{}}');
          else expect(told, at).toContain('"code":"not_found"');
        }
      }
    }
    expect(await stored()).toEqual(before);
    await eve.settled();
    expect(eve.events).toHaveLength(heard);
  });

  it('[CV41] is another one in another tenant, though people and ids are the same', async () => {
    const people = ['ann', 'bob'];
    const here = await server.tenant(people);
    const there = await server.tenant(people);
    const [ann, bob] = await Promise.all(people.map((user) => here.connect(user)));
    const [annThere, bobThere] = await Promise.all(people.map((user) => there.connect(user)));
    if (!ann || !bob || !annThere || !bobThere) throw new Error('nobody');
    const conversation = newId();
    const input = { kind: 'group' as const, members: ['bob'], conversation };
    await ann.ask('conversation.create', { ...input, name: 'here' });
    const twin = await annThere.ask('conversation.create', { ...input, name: 'there' });
    expect(twin.conversation).toMatchObject({ id: conversation, name: 'there', version: 1 });

    const id = newId();
    await say(ann, conversation, 'said here', { id });
    await ann.ask('typing', { conversation, typing: true });
    await bob.ask('read', { conversation, seq: 1 });
    await ann.ask('conversation.update', { conversation, name: 'still here' });
    await ann.event('read');
    await bob.event('typing');
    for (const socket of [annThere, bobThere]) {
      await socket.settled();
      expect(socket.events.map((event) => event.event)).toEqual(['conversation.added']);
      const row = (await socket.ask('conversation.get', { conversation })).conversation;
      const my_role = socket === annThere ? 'owner' : 'member';
      expect(row).toEqual({ ...twin.conversation, my_role });
    }

    // The same message id is free there, too.
    const said = await say(annThere, conversation, 'said there', { id });
    expect(said).toMatchObject({ seq: 1, version: 2 });
    await bobThere.event('message.created');
    const { messages } = await bob.ask('message.list', { conversation, limit: 50 });
    expect(messages.map((one) => one.body)).toEqual(['said here', '']);
    expect(changesHeard(bob, conversation)).toHaveLength(3);
  });
});

async function stored(): Promise<unknown> {
  const { sql } = server.database;
  return Promise.all(
    (['conversation', 'member', 'message', 'app_user'] as const).map((table) =>
      sql.selectFrom(table).selectAll().execute(),
    ),
  );
}
