import { newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { conversationSchema } from './conversation-schema.ts';
import { messageSchema } from './message-schema.ts';
import { type Answer, createTestApp, field, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let tenant: NewTenant;
let alice: string;
let bob: string;

beforeAll(async () => {
  server = await createTestApp();
  tenant = await server.tenant();
  for (const user of ['alice', 'bob', 'carol']) {
    const call = { bearer: tenant.api_key, body: { name: user } };
    await server.call('PUT', `/v1/users/${user}`, call);
  }
  alice = await server.token(tenant, 'alice');
  bob = await server.token(tenant, 'bob');
});

afterAll(() => server[Symbol.asyncDispose]());

function create(bearer: string, body: unknown): Promise<Answer> {
  return server.call('POST', '/v1/conversations', { bearer, body });
}

function send(bearer: string, conversation: string, body: unknown): Promise<Answer> {
  return server.call('POST', `/v1/conversations/${conversation}/messages`, { bearer, body });
}

async function group(): Promise<string> {
  const made = await create(alice, { kind: 'group', members: ['bob'], name: 'Launch' });
  return String(field(made.body, 'conversation.id'));
}

describe('Conversations', () => {
  test('[AU50] A direct one is made once per pair, whoever asks', async () => {
    const made = await create(alice, { kind: 'direct', members: ['bob'] });
    expect(made.status).toBe(201);
    const again = await create(bob, { kind: 'direct', members: ['alice'], name: null });
    expect(again.status).toBe(200);
    expect(field(again.body, 'conversation.id')).toBe(field(made.body, 'conversation.id'));
  });

  test('[AU50] A group keeps the id it was given, and a repeat is the same', async () => {
    const conversation = newId();
    const body = { kind: 'group', members: ['bob', 'carol'], name: 'Launch', conversation };
    expect((await create(alice, body)).status).toBe(201);
    const again = await create(alice, { ...body, conversation: conversation.toUpperCase() });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({
      conversation: { id: conversation, name: 'Launch', member_count: 3, version: 1, last_seq: 0 },
    });
  });

  test('[AU50] Rows have exactly the documented form', async () => {
    const id = await group();
    await send(bob, id, { id: newId(), body: 'Hello' });
    const { body } = await server.call('GET', `/v1/conversations/${id}`, { bearer: alice });
    const row = conversationSchema.strict().parse(field(body, 'conversation'));
    expect(row).toMatchObject({ id, unread: 1, last_message: { body: 'Hello', sender: 'bob' } });
    z.strictObject(messageSchema.shape).parse(row.last_message);
  });

  test('[AU50] The list goes page by page, newest activity first', async () => {
    const mine = await server.token(tenant, 'lister');
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      const made = await create(mine, { kind: 'group', members: ['bob'] });
      ids.unshift(String(field(made.body, 'conversation.id')));
    }
    const seen: unknown[] = [];
    let cursor: unknown = '';
    while (cursor !== null) {
      const query = new URLSearchParams({
        limit: '2',
        ...(cursor === '' ? {} : { cursor: String(cursor) }),
      });
      const page = await server.call('GET', `/v1/conversations?${query}`, { bearer: mine });
      expect(page.status).toBe(200);
      const rows = z.array(z.object({ id: z.string() })).parse(field(page.body, 'conversations'));
      expect(rows.length).toBeLessThanOrEqual(2);
      seen.push(...rows.map(({ id }) => id));
      cursor = field(page.body, 'cursor');
    }
    expect(seen).toEqual(ids);
  });

  test('[AU50] Unknown people: not found, and nothing is made', async () => {
    const conversation = newId();
    const body = { kind: 'group', members: ['bob', 'nobody'], conversation };
    const answer = await create(alice, body);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code: 'not_found', field: 'members' });
    const path = `/v1/conversations/${conversation}`;
    expect((await server.call('GET', path, { bearer: alice })).status).toBe(404);
  });

  test.each([
    ['kind', { kind: 'channel', members: [] }],
    ['members', { kind: 'group' }],
    ['members', { kind: 'direct', members: [] }],
    ['members', { kind: 'direct', members: ['bob', 'carol'] }],
    ['members', { kind: 'group', members: Array.from({ length: 1_001 }, (_, n) => `u${n}`) }],
    ['members.1', { kind: 'group', members: ['bob', ''] }],
    ['members.0', { kind: 'group', members: [7] }],
    ['name', { kind: 'direct', members: ['bob'], name: 'Two' }],
    ['name', { kind: 'group', members: ['bob'], name: 'x'.repeat(201) }],
    ['conversation', { kind: 'group', members: ['bob'], conversation: 'not-a-uuid' }],
  ])('[AU50] What cannot be is refused, naming `%s`', async (name, body) => {
    const answer = await create(alice, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'bad_request', field: name });
  });
});

describe('Messages', () => {
  test('[AU51] A send is 201, its repeat 200 with the same answer', async () => {
    const id = await group();
    const message = { id: newId(), body: '  Hello  ' };
    const first = await send(alice, id, message);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ seq: 1, version: 2 });
    const second = await send(alice, id, {
      ...message,
      body: 'Hello',
      id: message.id.toUpperCase(),
    });
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    const reused = await send(alice, id, { ...message, body: 'Something else' });
    expect(reused.status).toBe(409);
    expect(reused.body).toMatchObject({ code: 'id_reused' });
  });

  test('[AU52] History goes both ways by seq', async () => {
    const id = await group();
    for (let n = 1; n <= 7; n++) await send(alice, id, { id: newId(), body: `Number ${n}` });
    const page = async (query: string) => {
      const path = `/v1/conversations/${id}/messages${query}`;
      const { status, body } = await server.call('GET', path, { bearer: bob });
      expect(status).toBe(200);
      const messages = z.array(z.strictObject(messageSchema.shape)).parse(field(body, 'messages'));
      return [messages.map(({ seq }) => seq), field(body, 'has_more')];
    };
    expect(await page('')).toEqual([[1, 2, 3, 4, 5, 6, 7], false]);
    expect(await page('?limit=2')).toEqual([[6, 7], true]);
    expect(await page('?before=3&limit=50')).toEqual([[1, 2], false]);
    expect(await page('?after=3&limit=2')).toEqual([[4, 5], true]);
    expect(await page('?after=7')).toEqual([[], false]);
  });

  test.each([
    ['after', 'before=3&after=1'],
    ['before', 'before=x'],
    ['before', 'before=-1'],
    ['before', 'before=1.5'],
    ['before', 'before=1e3'],
    ['before', 'before='],
    ['before', 'before=9999999999999999'],
    ['before', 'before=1&before=2'],
    ['before', 'before=0x10'],
    ['after', 'after=%20'],
    ['limit', 'limit=0'],
    ['limit', 'limit=51'],
    ['limit', 'limit=all'],
    ['limit', 'limit=1;select'],
  ])('[AU52] A query that cannot be is refused, naming `%s`: %s', async (name, query) => {
    const path = `/v1/conversations/${await group()}/messages?${query}`;
    const answer = await server.call('GET', path, { bearer: alice });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'bad_request', field: name });
  });

  test('[AU51] A body has 1 to 10,000 code points once trimmed', async () => {
    const id = await group();
    const longest = '😀'.repeat(10_000);
    expect((await send(alice, id, { id: newId(), body: ` ${longest}\n` })).status).toBe(201);
    for (const body of [`${longest}x`, '', ' \n\t ', 'a\u0000b']) {
      const answer = await send(alice, id, { id: newId(), body });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ code: 'bad_request', field: 'body' });
    }
    const half = await send(alice, id, `{"id":"${newId()}","body":"a\\ud800"}`);
    expect(half.body).toMatchObject({ code: 'bad_request', field: 'body' });
  });

  test.each([
    ['id', { body: 'x' }],
    ['id', { id: 'x', body: 'x' }],
    ['body', { id: newId() }],
    ['reply_to', { id: newId(), body: 'x', reply_to: 'x' }],
  ])('[AU51] What cannot be is refused, naming `%s`', async (name, body) => {
    const answer = await send(alice, await group(), body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'bad_request', field: name });
  });

  test.each(['x', '7', 'null', '%00', 'undefined', "1' or '1'='1"])(
    '[AU52] An address without a UUID is refused: %s',
    async (id) => {
      for (const path of [`/v1/conversations/${id}`, `/v1/conversations/${id}/messages`]) {
        const answer = await server.call('GET', path, { bearer: alice });
        expect(answer.status).toBe(400);
        expect(answer.body).toMatchObject({ code: 'bad_request', field: 'id' });
      }
    },
  );
});
