import { newId } from '@parley/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../src/db/testing/test-database.ts';
import { createGroup } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const users = ['ann', 'bob', 'cy'];

interface Outgoing {
  readonly user: string;
  readonly conversation: string;
  readonly message: { readonly id: string; readonly body: string };
}

/** The servers that a client may reach at this moment; a stopped one is taken out. */
class Installation {
  readonly tenantId: string;
  /** Sends that were not answered, and so done again. */
  unanswered = 0;
  readonly #servers: TestServer[];
  readonly #sockets = new Map<string, Promise<TestSocket>>();
  #turn = 0;

  constructor(tenantId: string, servers: TestServer[]) {
    this.tenantId = tenantId;
    this.#servers = servers;
  }

  async restart(): Promise<void> {
    const next = await startTestServer({ database });
    const old = this.#servers.shift();
    this.#servers.push(next);
    await old?.drain();
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) await server.drain();
  }

  /** Sends until it is answered, as a client with an outbox does: over any line, again and again. */
  async send(one: Outgoing): Promise<{ seq: number; version: number; created_at: string }> {
    for (;;) {
      const socket = await this.#socket(one.user);
      if (socket === undefined) continue;
      const { conversation, message } = one;
      const reply = await socket.reply({ type: 'message.send', conversation, message });
      if (reply.error === undefined) {
        return reply.result as { seq: number; version: number; created_at: string };
      }
      expect(reply.error.code).toBe('unavailable');
      this.unanswered++;
    }
  }

  /** Cuts the lines of one person, as a train in a tunnel does. */
  async cut(user: string): Promise<void> {
    for (const [key, socket] of this.#sockets) {
      if (key.startsWith(`${user} `)) (await socket.catch(() => undefined))?.terminate();
    }
  }

  async #socket(user: string): Promise<TestSocket | undefined> {
    const server = this.#servers[this.#turn++ % this.#servers.length];
    if (server === undefined) return undefined;
    const key = `${user} ${server.url}`;
    let socket = this.#sockets.get(key);
    if (socket === undefined) {
      socket = new TestTenant(server, this.tenantId).connect(user);
      this.#sockets.set(key, socket);
      const forget = () => this.#sockets.delete(key);
      socket.then((one) => one.closed.then(forget), forget);
    }
    return socket.catch(() => undefined);
  }
}

describe('a message', () => {
  it('[MS50] sent up to five times, at once, over new lines and through restarts, is stored once', async () => {
    const first = await startTestServer({ database });
    const second = await startTestServer({ database });
    const tenant = await first.tenant(users);
    const ann = await tenant.connect('ann');
    const groups = [await createGroup(ann, users), await createGroup(ann, users)];
    const installation = new Installation(tenant.id, [first, second]);
    const outgoing = Array.from({ length: 240 }, (_, i): Outgoing => {
      const id = newId();
      return {
        user: users[i % users.length] ?? '',
        conversation: groups[i % groups.length]?.id ?? '',
        message: { id, body: `message ${i}` },
      };
    });
    const answers: unknown[][] = [];
    const sending = outgoing.map(async (one, i) => {
      // Forty at a time, so that restarts fall into the middle.
      for (let turn = 0; turn < Math.floor(i / 40) * 30; turn++) await new Promise(setImmediate);
      const times = 1 + (i % 5);
      answers[i] = await Promise.all(Array.from({ length: times }, () => installation.send(one)));
    });
    const trouble = (async () => {
      for (const user of users) {
        await Promise.race(sending.slice(40));
        await installation.cut(user);
        await installation.restart();
      }
    })();
    await Promise.all([...sending, trouble]);
    // And once more when everything is calm again.
    for (const [i, one] of outgoing.entries()) answers[i]?.push(await installation.send(one));

    expect(installation.unanswered).toBeGreaterThan(0);
    for (const same of answers) {
      expect(new Set(same.map((one) => JSON.stringify(one))).size).toBe(1);
    }
    for (const group of groups) {
      const expected = outgoing.filter((one) => one.conversation === group.id);
      const { rows } = await sql<{ id: string; seq: number; body: string; sender_id: string }>`
        select id, seq, body, sender_id from message
        where tenant_id = ${tenant.id} and conversation_id = ${group.id}
        order by seq`.execute(database.sql);
      expect(rows.map((row) => row.seq)).toEqual(expected.map((_, i) => i + 1));
      expect(new Set(rows.map((row) => `${row.id} ${row.sender_id} ${row.body}`))).toEqual(
        new Set(expected.map(({ user, message }) => `${message.id} ${user} ${message.body}`)),
      );
      const head = await database.sql
        .selectFrom('conversation')
        .select(['last_seq', 'version'])
        .where('tenant_id', '=', tenant.id)
        .where('id', '=', group.id)
        .executeTakeFirstOrThrow();
      expect(head).toEqual({ last_seq: expected.length, version: expected.length + 1 });
    }
    await installation.stop();
  }, 30_000);
});
