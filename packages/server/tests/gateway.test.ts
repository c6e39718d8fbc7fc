import { connect } from 'node:net';
import { type CommandType, closeCodes, commands, limits, newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import { TestSocket } from '../src/testing/test-socket.ts';
import { mintToken } from '../src/tokens/mint-token.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('hello', () => {
  it('[GW1] answers who one is, and where one stands', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    expect(ann.hello).toMatchObject({
      user: { id: 'ann', name: 'Ann', avatar_url: null },
      me: 0,
      heartbeat_ms: limits.heartbeatMs,
    });
    expect(ann.hello.epoch).toMatch(/^[0-9a-f-]{36}$/);
    expect(Date.parse(ann.hello.server_time)).toBeGreaterThan(0);
    expect(Date.parse(ann.hello.expires_at)).toBeGreaterThan(Date.now());
  });

  it('[GW2] a person unknown so far becomes a user', async () => {
    const tenant = await server.tenant([]);
    const newcomer = await tenant.connect('Новый человек 🙂');
    expect(newcomer.hello.user.id).toBe('Новый человек 🙂');
  });

  it('[GW3] before hello, only hello is answered', async () => {
    const socket = await TestSocket.open(server.socketUrl);
    for (const type of Object.keys(commands).filter((name) => name !== 'hello')) {
      const reply = await socket.reply({ type, ...sampleOf(type as CommandType) });
      expect(reply.error?.code, type).toBe('hello_first');
    }
    await socket.close();
  });

  it('[GW4] closes with 4001 after answering a token that is no good', async () => {
    const tenant = await server.tenant(['ann']);
    const { token: expired } = await mintToken(server.keys, {
      tenant: tenant.id,
      user: 'ann',
      expiresIn: 60,
      now: Date.now() - 180_000,
    });
    const good = await tenant.token('ann');
    for (const token of ['x', expired, `${good.slice(0, -2)}AA`]) {
      const socket = await TestSocket.open(server.socketUrl);
      const reply = await socket.reply({ type: 'hello', token });
      expect(reply.error?.code).toBe('unauthorized');
      expect((await socket.closed).code).toBe(closeCodes.unauthorized.code);
    }
  });

  it('[GW4] treats what cannot be a token like one that is no good', async () => {
    for (const token of [undefined, null, '', 5, {}, ['x'], 'x'.repeat(9_000)]) {
      const socket = await TestSocket.open(server.socketUrl);
      const reply = await socket.reply({ type: 'hello', token });
      expect(reply.error, JSON.stringify(token)).toMatchObject({
        code: 'unauthorized',
        field: 'token',
      });
      expect((await socket.closed).code).toBe(closeCodes.unauthorized.code);
    }
  });

  it('[GW5] closes a connection that says nothing within 5 s with 4002', async () => {
    const socket = await TestSocket.open(server.socketUrl);
    const opened = performance.now();
    expect((await socket.closed).code).toBe(closeCodes.helloTimeout.code);
    expect(performance.now() - opened).toBeGreaterThan(limits.helloMs - 200);
  });

  it('[GW6] says hello once', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const again = await ann.reply({ type: 'hello', token: await tenant.token('bob') });
    expect(again.error?.code).toBe('bad_request');
    expect(await ann.ask('user.get', { users: ['ann'] })).toMatchObject({ users: [{ id: 'ann' }] });
  });

  it('[GW7] closes with 4001 when the token expires, unless it was refreshed in place', async () => {
    const tenant = await server.tenant(['ann']);
    const [short, long] = await Promise.all(
      ['ann', 'ann'].map(async () => {
        const socket = await TestSocket.open(server.socketUrl);
        await socket.ask('hello', { token: await tenant.token('ann', 2) });
        return socket;
      }),
    );
    const { expires_at } = (await long?.ask('token.refresh', {
      token: await tenant.token('ann', 600),
    })) ?? { expires_at: '' };
    expect(Date.parse(expires_at)).toBeGreaterThan(Date.now() + 500_000);
    expect((await short?.closed)?.code).toBe(closeCodes.unauthorized.code);
    await long?.settled();
    await long?.close();
  });

  it("[GW8] refuses a refresh with somebody else's token, and goes on with the old one", async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const other = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    for (const token of [await tenant.token('bob'), await other.token('ann'), 'x']) {
      await expect(ann.ask('token.refresh', { token })).rejects.toMatchObject({
        code: 'unauthorized',
      });
    }
    await ann.settled();
  });
});

describe('bad frames', () => {
  it('[GW10] what is no JSON object, or has no readable id, is answered without an id', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const frames = [
      '',
      ' ',
      '{',
      'null',
      '1',
      '"text"',
      '[]',
      '[{"id":1,"type":"ping"}]',
      'NaN',
      '\u0000',
      '{"type":"ping"}',
      '{"id":"1","type":"ping"}',
      '{"id":1.5,"type":"ping"}',
      '{"id":null,"type":"ping"}',
      '{"id":1e400,"type":"ping"}',
      '{"id":{},"type":"ping"}',
      `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      `{"a":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_001)}`,
    ];
    for (const frame of frames) {
      const error = ann.strayError();
      ann.sendRaw(frame);
      expect(await error, frame.slice(0, 40)).toMatchObject({
        code: 'bad_request',
        retryable: false,
      });
    }
    await ann.settled();
  });

  it('[GW11] an unknown type, or none, is told with the id', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    for (const type of [
      '',
      'nope',
      'toString',
      '__proto__',
      'constructor',
      'Hello',
      'message.send ',
    ]) {
      expect((await ann.reply({ type })).error?.code, type).toBe('unknown_type');
    }
    for (const type of [1, null, {}, [], true]) {
      expect((await ann.reply({ type })).error?.code).toBe('bad_request');
    }
  });

  it('[GW12] every field of every command refuses every wrong kind of value', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const { conversation } = await ann.ask('conversation.create', {
      kind: 'group',
      members: ['bob'],
    });
    const before = await stored(tenant.id);
    const wrong: unknown[] = [
      {},
      [],
      [[]],
      true,
      -1,
      1.5,
      1e21,
      '',
      '\u0000',
      '\ud800',
      'x'.repeat(20_000),
      { $gt: '' },
      [null],
      { length: 3 },
      { toString: 'x' },
    ];
    for (const type of Object.keys(commands) as CommandType[]) {
      if (type === 'hello' || type === 'ping') continue;
      const sample = sampleOf(type, conversation.id);
      for (const path of paths(sample)) {
        for (const value of wrong) {
          // A group of oneself is a group.
          if (path.join('.') === 'members' && Array.isArray(value) && value.length === 0) continue;
          const reply = await ann.reply({ type, ...replaced(sample, path, value) });
          const at = `${type} ${path.join('.')} = ${JSON.stringify(value)?.slice(0, 40)}`;
          if (reply.error === undefined) expect(isHarmless(type, path, value), at).toBe(true);
          else expect(['bad_request', 'not_found', 'unauthorized'], at).toContain(reply.error.code);
        }
      }
    }
    expect(await stored(tenant.id)).toEqual(before);
  });

  it('[GW13] a frame above 64 KiB ends its own connection with 1009, nobody else is disturbed', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    ann.sendRaw(JSON.stringify({ id: 1, type: 'ping', pad: 'x'.repeat(limits.frameBytes) }));
    expect((await ann.closed).code).toBe(1009);
    await bob.settled();
  });

  it('[GW14] a binary frame ends its own connection with 4500', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    ann.sendRaw(Buffer.from('{"id":1,"type":"ping"}'));
    expect((await ann.closed).code).toBe(closeCodes.protocolError.code);
  });

  it('[GW15] fields that a command does not know are ignored', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const reply = await ann.reply({
      type: 'ping',
      newer: { than: ['this', 'server'] },
      role: 'owner',
    });
    expect(reply.result).toEqual({});
  });
});

describe('the door', () => {
  it('[GW20] refuses an origin that is neither its own nor listed, before the upgrade', async () => {
    for (const origin of ['https://evil.example', 'null', `${server.url}.evil.example`, '']) {
      await expect(
        TestSocket.open(server.socketUrl, { headers: { Origin: origin } }),
      ).rejects.toThrow('403');
    }
    const own = await TestSocket.open(server.socketUrl, { headers: { Origin: server.url } });
    await own.close();
  });

  it("[GW21] an origin that a tenant lists serves that tenant's people only", async () => {
    await using fresh = await startTestServer();
    const listing = await fresh.tenant(['ann']);
    const other = await fresh.tenant(['ann']);
    const origin = `https://${listing.id}.example`;
    await fresh.database.sql
      .updateTable('tenant')
      .set({ settings: JSON.stringify({ allowed_origins: [origin] }) })
      .where('id', '=', listing.id)
      .execute();
    const headers = { Origin: origin };
    const good = await TestSocket.open(fresh.socketUrl, { headers });
    await good.ask('hello', { token: await listing.token('ann') });
    const bad = await TestSocket.open(fresh.socketUrl, { headers });
    await expect(bad.ask('hello', { token: await other.token('ann') })).rejects.toMatchObject({
      code: 'origin_refused',
    });
    expect((await bad.closed).code).toBe(closeCodes.originRefused.code);
    await good.close();
  });

  it('[GW22] upgrades nowhere but at /v1/ws', async () => {
    for (const path of ['/', '/v1/ws/', '/v1/poll', '/v1/wsx']) {
      await expect(TestSocket.open(server.url.replace('http', 'ws') + path)).rejects.toThrow('404');
    }
  });

  it('[GW24] answers a request that only offers another protocol as if it had not', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(
      'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n' +
        'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n',
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    );
    expect(answer).toContain('HTTP/1.1 200');
    socket.destroy();
  });

  it('[GW23] offers no compression, whatever the client asks for', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(
      'GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    );
    expect(answer).toContain('101 Switching Protocols');
    expect(answer.toLowerCase()).not.toContain('permessage-deflate');
    socket.destroy();
  });
});

describe('limits', () => {
  it('[GW30] refuses frames above the rate with the time to wait, and goes on', async () => {
    await using limited = await startTestServer({ rateScale: 0.01 });
    const tenant = await limited.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const replies = await Promise.all(
      Array.from({ length: 30 }, () => ann.reply({ type: 'ping' })),
    );
    const refused = replies.filter((one) => one.error !== undefined);
    // 1 % of 2,000 in 10 s.
    expect(refused).toHaveLength(10);
    for (const { error } of refused) {
      expect(error).toMatchObject({ code: 'rate_limited', retryable: true });
      expect(error?.retry_after_ms).toBeGreaterThan(0);
    }
    await ann.close();
  });

  it('[GW31] closes a reader that does not read, and only that one', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const cy = await tenant.connect('cy');
    const { conversation } = await ann.ask('conversation.create', {
      kind: 'group',
      members: ['bob', 'cy'],
    });
    bob.pauseReading();
    let cut = false;
    void bob.closed.then(() => {
      cut = true;
    });
    const body = '\u00e9'.repeat(10_000);
    for (let i = 0; i < 60 && !cut; i++) {
      await Promise.all(
        Array.from({ length: 20 }, () =>
          ann.ask('message.send', {
            conversation: conversation.id,
            message: { id: newId(), body },
          }),
        ),
      );
    }
    const last = await ann.ask('message.send', {
      conversation: conversation.id,
      message: { id: newId(), body: 'last' },
    });
    await cy.event('message.created', (event) => event.message.seq === last.seq);
    expect(cy.events.filter((event) => event.event === 'message.created')).toHaveLength(last.seq);
    bob.resumeReading();
    expect([closeCodes.slowConsumer.code, 1006]).toContain((await bob.closed).code);
  });

  it('[GW33] answers large questions however many come at once: what was asked for is not slowness', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const { conversation } = await ann.ask('conversation.create', { kind: 'group', members: [] });
    const body = '\u00e9'.repeat(10_000);
    await Promise.all(
      Array.from({ length: 50 }, () =>
        ann.ask('message.send', { conversation: conversation.id, message: { id: newId(), body } }),
      ),
    );
    const pages = await Promise.all(
      Array.from({ length: 12 }, () => ann.ask('message.list', { conversation: conversation.id })),
    );
    for (const page of pages) expect(page.messages).toHaveLength(50);
  });

  it('[GW34] one client that asks for everything at once does not keep others waiting', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const order: string[] = [];
    const greedy = Array.from({ length: 400 }, () =>
      ann.ask('conversation.list', {}).then(() => order.push('ann')),
    );
    // The first answer: hers are under way.
    await Promise.race(greedy);
    const before = order.length;
    const modest = bob.ask('conversation.list', {}).then(() => order.push('bob'));
    await Promise.all([...greedy, modest]);
    // All 400 when hers go first; some tens, as fast as the machine reads, when everybody has a turn.
    expect(order.indexOf('bob') - before).toBeLessThan(200);
  });

  it('[GW35] nothing that arrives after the close began is done', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const { conversation } = await ann.ask('conversation.create', { kind: 'group', members: [] });
    ann.sendRaw(Buffer.from('binary ends it'));
    ann.sendRaw(
      JSON.stringify({
        id: 999,
        type: 'message.send',
        conversation: conversation.id,
        message: { id: newId(), body: 'too late' },
      }),
    );
    expect((await ann.closed).code).toBe(closeCodes.protocolError.code);
    const again = await tenant.connect('ann');
    expect(await again.ask('message.list', { conversation: conversation.id })).toEqual({
      messages: [],
      has_more: false,
    });
  });

  it('[GW32] on drain tells when to come back, answers what was asked, closes with 1012', async () => {
    const draining = await startTestServer();
    const tenant = await draining.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const { conversation } = await ann.ask('conversation.create', {
      kind: 'group',
      members: ['bob'],
    });
    const sends = Array.from({ length: 50 }, (_, i) =>
      ann.ask('message.send', {
        conversation: conversation.id,
        message: { id: newId(), body: `${i}` },
      }),
    );
    // A ping that is answered: the frames before it were read, and their sends are under way.
    await ann.settled();
    const drained = draining.drain();
    const { retry_after_ms } = await ann.event('drain');
    expect(retry_after_ms).toBeGreaterThanOrEqual(0);
    const answers = await Promise.all(sends);
    expect(answers.map((one) => one.seq)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect((await ann.closed).code).toBe(1012);
    await drained;
    await draining[Symbol.asyncDispose]();
  });
});

/** What is stored of a tenant: equal before and after what must change nothing. */
async function stored(tenant: string): Promise<unknown> {
  const { sql } = server.database;
  const of = (table: 'conversation' | 'member' | 'message' | 'app_user') =>
    sql.selectFrom(table).selectAll().where('tenant_id', '=', tenant).execute();
  const members = (await of('member')).map((row) => ({ ...row, read_seq: 0, delivered_seq: 0 }));
  return [await of('conversation'), members, await of('message'), await of('app_user')];
}

function sampleOf(type: CommandType, conversation: string = newId()): Record<string, unknown> {
  switch (type) {
    case 'hello':
    case 'token.refresh':
      return { token: 'x' };
    case 'ping':
      return {};
    case 'conversation.create':
      return { kind: 'group', members: ['nobody'], name: 'Name', conversation: newId() };
    case 'conversation.list':
      return { cursor: `1.0_${newId()}`, limit: 10 };
    case 'conversation.get':
    case 'conversation.leave':
      return { conversation: type === 'conversation.leave' ? newId() : conversation };
    case 'conversation.update':
      return { conversation: newId(), name: 'Name' };
    case 'member.list':
      return { conversation, cursor: 'a', limit: 10 };
    case 'member.add':
      return { conversation, users: ['nobody'] };
    case 'member.remove':
      return { conversation, user: 'nobody' };
    case 'member.update':
      return { conversation, user: 'nobody', role: 'admin' };
    case 'block.add':
    case 'block.remove':
      return { user: 'nobody' };
    case 'block.list':
      return { cursor: 'a', limit: 10 };
    case 'message.send':
      return {
        conversation: newId(),
        message: { id: newId(), body: 'text', reply_to: newId() },
      };
    case 'message.list':
      return { conversation, before: 10, limit: 10 };
    case 'read':
      return { conversation, seq: 1 };
    case 'delivered':
      return { marks: { [newId()]: 1 } };
    case 'typing':
      return { conversation: newId(), typing: true };
    case 'sync':
      return {
        epoch: 'x',
        me: 0,
        known: { [newId()]: { version: 1, last_seq: 0 } },
        at: new Date().toISOString(),
      };
    case 'presence.watch':
    case 'presence.unwatch':
    case 'user.get':
      return { users: ['nobody'] };
    case 'user.search':
      return { text: 'x', limit: 10 };
  }
}

/** Every path to a value in an object. */
function paths(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return at.length === 0 ? [] : [at];
  const below = Object.entries(value).flatMap(([key, one]) => paths(one, [...at, key]));
  return at.length === 0 ? below : [at, ...below];
}

function replaced(value: unknown, path: readonly string[], by: unknown): Record<string, unknown> {
  const [key = '', ...rest] = path;
  const old: unknown = value instanceof Object ? Reflect.get(value, key) : undefined;
  const copy = Array.isArray(value) ? [...value] : { ...Object(value) };
  Reflect.set(copy, key, rest.length === 0 ? by : replaced(old, rest, by));
  return copy;
}

/** Values of the right kind after all: an empty list or map, a searched text. */
function isHarmless(type: CommandType, path: readonly string[], value: unknown): boolean {
  const name = path.join('.');
  if (Array.isArray(value) && value.length === 0) {
    return name === 'users' && type !== 'member.add';
  }
  if (JSON.stringify(value) === '{}') return name === 'known' || name === 'marks';
  if (value === '') return ['text', 'cursor', 'epoch'].includes(name);
  if (type === 'user.get' || type.startsWith('presence.')) return typeof value === 'string';
  return (name === 'typing' && value === true) || (name === 'epoch' && typeof value === 'string');
}
