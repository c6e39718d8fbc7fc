import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenOpenGroups } from '../src/testing/given.ts';
import { changesHeard, createGroup, expectUnbroken, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('the order of a conversation', () => {
  it('[MS40] is dense, and the same live, in history and after coming back, with 20 senders at once', async () => {
    const people = Array.from({ length: 20 }, (_, i) => `user${i}`);
    const tenant = await server.tenant(people);
    await givenOpenGroups(server, tenant);
    const sockets = await Promise.all(people.map((user) => tenant.connect(user)));
    const [first] = sockets;
    if (first === undefined) throw new Error('nobody');
    const { id } = await createGroup(first, people);
    const each = 15;
    // Every sender waits for nobody, and acts are mixed in.
    const sent = await Promise.all(
      sockets.map((socket, i) =>
        Promise.all([
          ...Array.from({ length: each }, (_, n) => say(socket, id, `${i}/${n}`)),
          ...(i % 5 === 0
            ? [socket.ask('conversation.update', { conversation: id, name: `By ${i}` })]
            : []),
        ]),
      ),
    );
    const acts = 4;
    const total = people.length * each + acts;
    const dense = Array.from({ length: total }, (_, i) => i + 1);

    const history: { id: string; seq: number; version: number; body: string }[] = [];
    for (let after = 0; after < total; after = history.length) {
      const page = await first.ask('message.list', { conversation: id, after });
      history.push(...page.messages);
    }
    expect(history.map((one) => one.seq)).toEqual(dense);

    for (const socket of sockets) {
      await socket.event('message.created', (one) => one.message.seq === total);
      const changes = changesHeard(socket, id);
      expectUnbroken(changes);
      expect(changes.map((one) => one.version)).toEqual(
        Array.from({ length: total + acts }, (_, i) => i + 2),
      );
      const live = changes.flatMap((one) => (one.event === 'message.created' ? [one.message] : []));
      expect(live).toEqual(history);
    }

    const back: unknown[] = [];
    let known = { version: 1, last_seq: 0 };
    for (;;) {
      const answer = await first.ask('sync', { me: 1, known: { [id]: known } });
      const [changed] = answer.conversations;
      const last = changed?.messages.at(-1);
      if (changed === undefined || last === undefined) break;
      expect(changed).toMatchObject({ reset: false, last_seq: total });
      back.push(...changed.messages);
      known = { version: last.version, last_seq: last.seq };
    }
    expect(back).toEqual(history);

    // Whoever sent them: their own order is kept, and each was told its place.
    for (const [i, results] of sent.entries()) {
      const places = results.flatMap((one) => ('seq' in one ? [one.seq] : []));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      const own = history.filter((one) => one.body.startsWith(`${i}/`));
      expect(own.map((one) => one.body)).toEqual(
        Array.from({ length: each }, (_, n) => `${i}/${n}`),
      );
      expect(own.map((one) => one.seq)).toEqual(places);
    }
  });
});
