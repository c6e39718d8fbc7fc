import { closeCodes, limits } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changesHeard, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';
import { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const unauthorized = closeCodes.unauthorized.code;
const accessEnded = closeCodes.accessEnded.code;

function revoke(tenant: TestTenant, user: string) {
  return tenant.call('POST', `/v1/users/${encodeURIComponent(user)}/revoke`);
}

function deactivate(tenant: TestTenant, user: string) {
  return tenant.call('DELETE', `/v1/users/${encodeURIComponent(user)}`);
}

function asOperator(tenant: TestTenant, act: 'suspend' | 'resume') {
  const bearer = 'operator-key-of-the-tests';
  return tenant.call('POST', `/v1/tenants/${tenant.id}/${act}`, { bearer });
}

/** What a token is good for now: the code of the error at hello with the close code, and HTTP's status. */
async function tried(tenant: TestTenant, token: string) {
  const socket = await TestSocket.open(server.socketUrl);
  const { error } = await socket.reply({ type: 'hello', token });
  const { status } = await tenant.call('GET', '/v1/conversations', { bearer: token });
  if (error === undefined) {
    await socket.close();
    return { hello: 'ok', status };
  }
  return { hello: error.code, message: error.message, closed: (await socket.closed).code, status };
}

describe('revoking the tokens of a person', () => {
  it('[RV1] kills every token issued before, on every door, and no later one', async () => {
    const tenant = await server.tenant(['ann']);
    const before = await tenant.token('ann');
    expect(await tried(tenant, before)).toEqual({ hello: 'ok', status: 200 });
    const answer = await revoke(tenant, 'ann');
    const after = await tenant.token('ann');
    expect(answer).toEqual({
      status: 200,
      body: { id: 'ann', tokens_valid_from: expect.stringMatching(/\.\d{3}Z$/) },
    });
    expect(await tried(tenant, before)).toEqual({
      hello: 'unauthorized',
      message: expect.stringContaining('Get a new one'),
      closed: unauthorized,
      status: 401,
    });
    expect(await tried(tenant, after)).toEqual({ hello: 'ok', status: 200 });
  });

  it('[RV2] closes the sockets of those tokens with 4001, and only them', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const other = await server.tenant(['ann']);
    const [phone, laptop, bob, namesake] = await Promise.all([
      tenant.connect('ann'),
      tenant.connect('ann'),
      tenant.connect('bob'),
      other.connect('ann'),
    ]);
    await revoke(tenant, 'ann');
    const later = await tenant.connect('ann');
    expect((await phone.closed).code).toBe(unauthorized);
    expect((await laptop.closed).code).toBe(unauthorized);
    for (const socket of [bob, namesake, later]) await socket.settled();
    await revoke(tenant, 'ann');
    expect((await later.closed).code).toBe(unauthorized);
  });

  it('[RV2] keeps a connection that has gone on with a newer token', async () => {
    const tenant = await server.tenant(['ann']);
    const [old, renewed] = [await tenant.connect('ann'), await tenant.connect('ann')];
    const stale = await tenant.token('ann');
    await revoke(tenant, 'ann');
    expect((await old.closed).code).toBe(unauthorized);
    expect((await renewed.closed).code).toBe(unauthorized);
    const again = await tenant.connect('ann');
    await expect(again.ask('token.refresh', { token: stale })).rejects.toMatchObject({
      code: 'unauthorized',
    });
    const fresh = await tenant.token('ann');
    await again.ask('token.refresh', { token: fresh });
    await again.settled();
    await revoke(tenant, 'ann');
    expect((await again.closed).code).toBe(unauthorized);
  });

  it('[RV3] works for an id that is nobody yet: its tokens would have made it somebody', async () => {
    const tenant = await server.tenant([]);
    const before = await tenant.token('newcomer');
    expect((await revoke(tenant, 'newcomer')).status).toBe(200);
    expect(await tried(tenant, before)).toMatchObject({ hello: 'unauthorized', status: 401 });
    expect(await tried(tenant, await tenant.token('newcomer'))).toMatchObject({ hello: 'ok' });
    const shut = await tenant.token('stranger');
    expect((await deactivate(tenant, 'stranger')).status).toBe(204);
    expect(await tried(tenant, shut)).toMatchObject({ hello: 'unauthorized', closed: accessEnded });
  });

  it('[RV4] lets nothing through that is said after the reply, and takes nothing', async () => {
    const tenant = await server.tenant(['ann', 'eve']);
    const ann = await tenant.connect('ann');
    const eves = await Promise.all(Array.from({ length: 5 }, () => tenant.connect('eve')));
    const { id } = await createGroup(ann, ['eve']);
    for (const eve of eves) await eve.event('conversation.added');
    await revoke(tenant, 'eve');
    for (const eve of eves) {
      eve.sendRaw(JSON.stringify({ id: 99, type: 'conversation.list' }));
      eve.sendRaw(JSON.stringify({ type: 'typing', conversation: id, typing: true }));
      const message = { id: crypto.randomUUID(), body: 'from the revoked' };
      eve.sendRaw(JSON.stringify({ id: 100, type: 'message.send', conversation: id, message }));
    }
    await say(ann, id, 'after');
    for (const eve of eves) {
      expect((await eve.closed).code).toBe(unauthorized);
      expect(changesHeard(eve, id)).toEqual([]);
    }
    const { messages } = await ann.ask('message.list', { conversation: id });
    expect(messages.map((one) => one.body)).toEqual(['after']);
    expect(ann.events.filter((one) => one.event === 'typing' && one.typing)).toEqual([]);
  });

  it('[RV5] closes two hundred sockets of several people, and none of the others', async () => {
    const people = ['p1', 'p2', 'p3', 'p4', 'p5'];
    const tenant = await server.tenant(['ann', 'bob', ...people]);
    const ann = await tenant.connect('ann');
    const { id } = await createGroup(ann, ['bob', ...people]);
    const bob = await tenant.connect('bob');
    const sockets = await Promise.all(
      people.flatMap((user) => Array.from({ length: 40 }, () => tenant.connect(user))),
    );
    // Somebody talks all the time.
    let stop = false;
    const sent: number[] = [];
    const talking = (async () => {
      while (!stop) sent.push((await say(ann, id, `number ${sent.length}`)).seq);
    })();
    const [answers, closed] = await Promise.all([
      Promise.all(people.map((user) => revoke(tenant, user))),
      Promise.all(sockets.map((socket) => socket.closed)),
    ]);
    expect(answers.map((one) => one.status)).toEqual(people.map(() => 200));
    expect(new Set(closed.map((one) => one.code))).toEqual(new Set([unauthorized]));
    // What was said from here on was said after all replies.
    const last = await say(ann, id, 'last');
    stop = true;
    await talking;
    await bob.event('message.created', (event) => event.message.seq === last.seq);
    for (const socket of sockets) {
      const seqs = changesHeard(socket, id).flatMap((one) =>
        one.event === 'message.created' ? [one.message.seq] : [],
      );
      expect(Math.max(0, ...seqs)).toBeLessThan(last.seq);
    }
    await ann.settled();
  });

  it('[RV6] cuts who does not answer the close, without waiting long', async () => {
    const tenant = await server.tenant(['eve']);
    const eve = await tenant.connect('eve');
    eve.pauseReading();
    const before = await connections();
    await revoke(tenant, 'eve');
    const started = performance.now();
    while ((await connections()) >= before) await new Promise(setImmediate);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

async function connections(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^parley_connections (\d+)$/m.exec(text)?.[1]);
}

describe('deactivating a person', () => {
  it('[RV7] closes the sockets with 4501 and refuses every token, until the person is put back', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const before = await tenant.token('ann');
    expect(await deactivate(tenant, 'ann')).toEqual({ status: 204, body: undefined });
    expect((await ann.closed).code).toBe(accessEnded);
    const refused = { hello: 'unauthorized', closed: accessEnded, status: 401 };
    expect(await tried(tenant, before)).toMatchObject(refused);
    const meanwhile = await tenant.token('ann');
    expect(await tried(tenant, meanwhile)).toMatchObject(refused);
    // Again is the same.
    expect((await deactivate(tenant, 'ann')).status).toBe(204);
    const { body } = await tenant.call('GET', '/v1/users/ann');
    expect(body).toMatchObject({ id: 'ann', deactivated_at: expect.any(String) });
    const put = await tenant.call('PUT', '/v1/users/ann', { body: { name: 'Ann' } });
    expect(put.body).toMatchObject({ deactivated_at: null, tokens_valid_from: expect.any(String) });
    expect(await tried(tenant, before)).toMatchObject({
      hello: 'unauthorized',
      closed: unauthorized,
      status: 401,
    });
    expect(await tried(tenant, await tenant.token('ann'))).toMatchObject({ hello: 'ok' });
  });

  it('[RV8] takes the person offline at once, and ends what they were typing', async () => {
    const tenant = await server.tenant(['ann', 'eve', 'ida']);
    const ann = await tenant.connect('ann');
    const [eve, tab, ida] = await Promise.all([
      tenant.connect('eve'),
      tenant.connect('eve'),
      tenant.connect('ida'),
    ]);
    const { id } = await createGroup(ann, ['eve', 'ida']);
    for (const socket of [eve, tab, ida]) await socket.event('conversation.added');
    await ann.ask('presence.watch', { users: ['eve', 'ida'] });
    await eve.ask('presence.watch', { users: ['ann', 'ida'] });
    // One connection is in its three seconds of grace.
    await tab.close();
    await eve.ask('typing', { conversation: id, typing: true });
    await ann.event('typing', (event) => event.typing);
    const started = performance.now();
    await Promise.all([deactivate(tenant, 'eve'), revoke(tenant, 'ida')]);
    await ann.event('presence', (event) => event.user === 'ida' && !event.online);
    const told = await ann.event('presence', (event) => event.user === 'eve' && !event.online);
    expect(performance.now() - started).toBeLessThan(2_500);
    expect(Date.parse(told.last_seen_at ?? '')).toBeGreaterThan(0);
    await ann.event('typing', (event) => event.user === 'eve' && !event.typing);
    const offline = ann.events.filter((one) => one.event === 'presence' && !one.online);
    expect(offline).toHaveLength(2);
    await eve.closed;
    expect(eve.events.filter((one) => one.event === 'presence')).toEqual([]);
  });

  it('[RV9] is written down, with who did it; so are revoking and putting back', async () => {
    const tenant = await server.tenant(['ann']);
    await revoke(tenant, 'ann');
    await deactivate(tenant, 'ann');
    await deactivate(tenant, 'ann');
    await tenant.call('PUT', '/v1/users/ann', { body: { name: 'Ann' } });
    await tenant.call('PUT', '/v1/users/ann', { body: { name: 'Ann', role: 'moderator' } });
    await tenant.call('PUT', '/v1/users/ann', { body: { name: 'Anna' } });
    const entries = await server.database.sql
      .selectFrom('audit_entry')
      .select(['actor_kind', 'actor_id', 'action', 'target'])
      .where('tenant_id', '=', tenant.id)
      .orderBy('id')
      .execute();
    expect(entries.map(({ action, target }) => ({ action, target }))).toEqual([
      { action: 'user.revoked', target: { user: 'ann' } },
      { action: 'user.deactivated', target: { user: 'ann' } },
      { action: 'user.restored', target: { user: 'ann' } },
      { action: 'user.role_changed', target: { user: 'ann', from: 'member', to: 'moderator' } },
    ]);
    expect(new Set(entries.map((one) => one.actor_kind))).toEqual(new Set(['key']));
    expect(new Set(entries.map((one) => one.actor_id)).size).toBe(1);
  });
});

describe('what ends access for many', () => {
  it('[RV10] a suspended tenant has no sockets, no tokens and nobody new, until it is resumed', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const other = await server.tenant(['ann']);
    const [ann, bob, elsewhere] = await Promise.all([
      tenant.connect('ann'),
      tenant.connect('bob'),
      other.connect('ann'),
    ]);
    const [token, newcomer] = [await tenant.token('ann'), await tenant.token('newcomer')];
    expect((await asOperator(tenant, 'suspend')).status).toBe(200);
    expect((await ann.closed).code).toBe(accessEnded);
    expect((await bob.closed).code).toBe(accessEnded);
    const refused = { hello: 'unauthorized', closed: accessEnded, status: 401 };
    expect(await tried(tenant, token)).toMatchObject(refused);
    expect(await tried(tenant, newcomer)).toMatchObject(refused);
    await elsewhere.settled();
    expect((await asOperator(tenant, 'resume')).status).toBe(200);
    expect((await tenant.call('GET', '/v1/users/newcomer')).status).toBe(404);
    expect(await tried(tenant, token)).toEqual({ hello: 'ok', status: 200 });
    expect(await tried(tenant, newcomer)).toEqual({ hello: 'ok', status: 200 });
  });

  it('[RV11] a signing key that is taken back ends what it vouched for, and makes nobody a user', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const [ann, bob] = await Promise.all([tenant.connect('ann'), tenant.connect('bob')]);
    const [old, stranger] = [await tenant.token('ann'), await tenant.token('stranger')];
    const { kid } = JSON.parse(Buffer.from(old.split('.')[0] ?? '', 'base64url').toString());
    const made = await tenant.call('POST', '/v1/signing-keys', { body: { algorithm: 'HS256' } });
    expect(made.status).toBe(201);
    const later = await tenant.connect('ann');
    await bob.ask('token.refresh', { token: await tenant.token('bob') });
    expect((await tenant.call('DELETE', `/v1/signing-keys/${kid}`)).status).toBe(204);
    expect((await ann.closed).code).toBe(unauthorized);
    await later.settled();
    await bob.settled();
    for (const token of [old, stranger]) {
      expect(await tried(tenant, token)).toMatchObject({ closed: unauthorized, status: 401 });
    }
    expect((await tenant.call('GET', '/v1/users/stranger')).status).toBe(404);
  });
});

describe('what the host product changes', () => {
  it('[RV12] a new role applies at once on open connections', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    await createGroup(ann, ['bob']);
    await tenant.call('PUT', '/v1/users/ann', { body: { name: 'Ann', role: 'guest' } });
    await expect(createGroup(ann, ['bob'])).rejects.toMatchObject({ code: 'not_allowed' });
    await tenant.call('PUT', '/v1/users/ann', { body: { name: 'Ann', role: 'member' } });
    await createGroup(ann, ['bob']);
  });
});

describe('connections of one person', () => {
  it('[RV13] are bounded: one too many is refused with 4014, and an ended one makes room', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const sockets = await Promise.all(
      Array.from({ length: limits.connectionsPerUser }, () => tenant.connect('ann')),
    );
    const socket = await TestSocket.open(server.socketUrl);
    const token = await tenant.token('ann');
    const { error } = await socket.reply({ type: 'hello', token });
    expect(error?.code).toBe('too_many');
    expect((await socket.closed).code).toBe(closeCodes.tooManyConnections.code);
    await tenant.connect('bob');
    await sockets[0]?.close();
    await tenant.connect('ann');
  });
});
