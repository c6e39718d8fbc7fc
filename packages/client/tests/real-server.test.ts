import { afterEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../server/src/db/testing/test-database.ts';
import {
  startTestServer,
  type TestServer,
  TestTenant,
} from '../../server/src/testing/test-server.ts';
import { createClient } from '../src/create-client.ts';
import { systemEnvironment } from '../src/environment.ts';
import type { Client } from '../src/index.ts';
import { until } from '../src/testing/until.ts';
import type { Transport } from '../src/transport/transport.ts';
import { connectWebSocket } from '../src/transport/websocket.ts';

/** A client whose lines a test can break, and which finds the server wherever it runs now. */
class Device {
  readonly client: Client;
  readonly #lines = new Set<{ readonly transport: Transport; readonly lost: () => void }>();

  constructor(urlNow: () => string, getToken: () => Promise<string>) {
    const env = systemEnvironment();
    this.client = createClient(
      { url: urlNow(), getToken },
      {
        ...env,
        connect: (_, events) => {
          const address = `${urlNow().replace('http', 'ws')}/v1/ws`;
          let isLost = false;
          const line = {
            transport: connectWebSocket(address, {
              opened: () => isLost || events.opened(),
              frame: (text) => isLost || events.frame(text),
              closed: (code, reason) => isLost || events.closed(code, reason),
            }),
            lost: () => {
              isLost = true;
              events.closed(1006, '');
            },
          };
          this.#lines.add(line);
          return {
            send: (text) => {
              if (!isLost) line.transport.send(text);
            },
            close: () => line.transport.close(),
          };
        },
      },
    );
    this.client.connect();
  }

  /** The line is lost on this side; the server finds out when the socket is closed. */
  cut(): void {
    for (const line of this.#lines) {
      this.#lines.delete(line);
      line.lost();
      line.transport.close();
    }
  }
}

describe('against the real server', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function serve(): Promise<TestServer> {
    const server = await startTestServer();
    ends.push(() => server[Symbol.asyncDispose]());
    return server;
  }

  function device(tenant: TestTenant, user: string, urlNow: () => string): Device {
    const made = new Device(urlNow, () => tenant.token(user));
    ends.push(() => made.client.disconnect());
    return made;
  }

  it('[CL1] two people talk: rows, timelines, unread, marks and signs follow by themselves', async () => {
    const server = await serve();
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = device(tenant, 'ann', () => server.url).client;
    const bob = device(tenant, 'bob', () => server.url).client;
    await until(ann.conversations, (list) => list.status === 'ready');
    await until(bob.conversations, (list) => list.status === 'ready');
    const { id } = await ann.createDirect('bob');
    const anns = ann.conversation(id);
    anns.open();
    await until(anns, ({ status }) => status === 'ready');
    const first = anns.send(' hello ');
    expect(anns.getSnapshot().messages).toMatchObject([{ id: first, state: 'queued' }]);
    await until(anns, ({ messages }) => messages[0]?.state === 'stored');
    const list = await until(bob.conversations, ({ conversations: [row] }) => row?.unread === 1);
    expect(list.conversations[0]).toMatchObject({ id, last_message: { id: first, body: 'hello' } });
    await until(anns, ({ marks }) => marks['bob']?.delivered === 1);
    const bobs = bob.conversation(id);
    bobs.open();
    await until(bobs, ({ messages }) => messages.length === 1);
    bobs.markRead(1);
    expect(bob.conversations.getSnapshot().conversations[0]?.unread).toBe(0);
    await until(anns, ({ marks }) => marks['bob']?.read === 1);
    bobs.setTyping(true);
    await until(anns, ({ typing }) => typing[0] === 'bob');
    bobs.send('and hello');
    await until(anns, ({ typing, messages }) => typing.length === 0 && messages.length === 2);
    ann.presence.watch(['bob']);
    await until(ann.presence, (people) => people['bob']?.online === true);
  });

  it('[CL110] while lines break, everything that two people send is stored once, in their order', async () => {
    const server = await serve();
    const tenant = await server.tenant(['ann', 'bob']);
    const devices = ['ann', 'bob'].map((user) => device(tenant, user, () => server.url));
    const [ann, bob] = devices.map(({ client }) => client);
    if (ann === undefined || bob === undefined) return expect.unreachable();
    await until(ann.connection, ({ status }) => status === 'online');
    const { id } = await ann.createDirect('bob');
    const handles = [ann, bob].map((client) => client.conversation(id));
    for (const handle of handles) {
      handle.open();
      await until(handle, ({ status }) => status === 'ready');
    }
    const sent = handles.map((handle) =>
      Array.from({ length: 40 }, (_, i) => handle.send(`message ${i}`)),
    );
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 15));
      devices[i % 2]?.cut();
      devices[i % 2]?.client.connect();
    }
    const stored = await Promise.all(
      handles.map((handle) =>
        until(
          handle,
          ({ messages }) =>
            messages.length === 80 && messages.every(({ state }) => state === 'stored'),
        ),
      ),
    );
    const [anns, bobs] = stored.map(({ messages }) => messages);
    expect(anns).toEqual(bobs);
    expect(anns?.map((one) => ('seq' in one ? one.seq : 0))).toEqual(
      Array.from({ length: 80 }, (_, i) => i + 1),
    );
    for (const ids of sent) {
      expect(anns?.filter((one) => ids.includes(one.id)).map((one) => one.id)).toEqual(ids);
    }
  });

  it('[CL111] comes back to a server that was started again, with all that was missed', async () => {
    const database = await createTestDatabase();
    let server = await startTestServer({ database });
    ends.push(
      () => database.drop(),
      () => server[Symbol.asyncDispose](),
    );
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = device(tenant, 'ann', () => server.url).client;
    await until(ann.connection, ({ status }) => status === 'online');
    const { id } = await ann.createDirect('bob');
    const handle = ann.conversation(id);
    handle.open();
    handle.send('before');
    await until(handle, ({ messages }) => messages[0]?.state === 'stored');
    await server.drain();
    await until(ann.connection, ({ status }) => status !== 'online');
    handle.send('while it was away');
    server = await startTestServer({ database });
    const bob = await new TestTenant(server, tenant.id).connect('bob');
    await bob.ask('message.send', {
      conversation: id,
      message: { id: crypto.randomUUID(), body: 'missed' },
    });
    await until(handle, ({ messages }) => messages.filter((one) => 'seq' in one).length === 3);
    const bodies = handle.getSnapshot().messages.map(({ body }) => body);
    expect(bodies.sort()).toEqual(['before', 'missed', 'while it was away']);
    expect(ann.conversations.getSnapshot().conversations).toMatchObject([{ id, unread: 1 }]);
    bob.terminate();
  });

  it('[CL112] a token that ends soon is renewed without losing the line', async () => {
    const server = await serve();
    const tenant = await server.tenant(['ann']);
    let asked = 0;
    const { client } = new Device(
      () => server.url,
      () => tenant.token('ann', ++asked === 1 ? 8 : 3_600),
    );
    ends.push(() => client.disconnect());
    const seen: string[] = [];
    client.connection.subscribe(() => seen.push(client.connection.getSnapshot().status));
    await until(client.connection, ({ status }) => status === 'online');
    await expect.poll(() => asked, { timeout: 15_000 }).toBe(2);
    await client.searchUsers('a');
    expect(seen).toEqual(['online']);
  });
});
