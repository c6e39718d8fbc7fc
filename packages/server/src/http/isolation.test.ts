import { newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { type Answer, createTestApp, field, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let theirs: NewTenant;
let conversation: string;
/** Who is in another tenant, under the very same name. */
let foreigner: string;
/** Who is in the tenant, but not in the conversation. */
let outsider: string;
let member: string;

beforeAll(async () => {
  server = await createTestApp();
  const mine = await server.tenant();
  theirs = await server.tenant();
  for (const tenant of [mine, theirs]) {
    for (const user of ['alice', 'bob', 'eve']) {
      const call = { bearer: tenant.api_key, body: { name: user } };
      await server.call('PUT', `/v1/users/${user}`, call);
    }
  }
  member = await server.token(mine, 'alice');
  outsider = await server.token(mine, 'eve');
  foreigner = await server.token(theirs, 'alice');
  const body = { kind: 'group', members: ['bob'], name: 'Hush' };
  const made = await server.call('POST', '/v1/conversations', { bearer: member, body });
  conversation = String(field(made.body, 'conversation.id'));
  await send(member, conversation, newId());
});

afterAll(() => server[Symbol.asyncDispose]());

function send(bearer: string, id: string, message: string): Promise<Answer> {
  const body = { id: message, body: 'The secret' };
  return server.call('POST', `/v1/conversations/${id}/messages`, { bearer, body, ...named });
}

// One name for all requests, so that answers can be equal to the byte.
const named = { headers: { 'X-Request-Id': 'one-name' } };

/** Every call with the id of a conversation, for a person and an id. */
const calls: Readonly<Record<string, (bearer: string, id: string) => Promise<Answer>>> = {
  'GET one': (bearer, id) => server.call('GET', `/v1/conversations/${id}`, { bearer, ...named }),
  'GET messages': (bearer, id) =>
    server.call('GET', `/v1/conversations/${id}/messages`, { bearer, ...named }),
  'GET messages before': (bearer, id) =>
    server.call('GET', `/v1/conversations/${id}/messages?before=2`, { bearer, ...named }),
  'POST message': (bearer, id) => send(bearer, id, '0199f2c4-5b6a-7c1d-8e2f-3a4b5c6d7e8f'),
};

describe.each([
  ['another tenant', () => foreigner],
  ['the same tenant, not a member', () => outsider],
])('Somebody of %s', (_, bearer) => {
  test.each(Object.entries(calls))(
    '[AU53] cannot tell a conversation of others from an invented one: %s',
    async (_name, call) => {
      const foreign = await call(bearer(), conversation);
      const invented = await call(bearer(), newId());
      expect(foreign.status).toBe(404);
      expect(foreign.text).toBe(invented.text);
      expect([...foreign.headers]).toEqual([...invented.headers]);
      expect(foreign.text).not.toContain('Hush');
    },
  );

  test('[AU53] does not find it in the list, and wrote nothing', async () => {
    const list = await server.call('GET', '/v1/conversations', { bearer: bearer() });
    expect(list.body).toEqual({ conversations: [], cursor: null });
    const path = `/v1/conversations/${conversation}/messages`;
    const history = await server.call('GET', path, { bearer: member });
    expect(field(history.body, 'messages')).toHaveLength(1);
  });
});

test('[AU53] An id taken elsewhere can be used: tenants share nothing', async () => {
  const body = { kind: 'group', members: ['bob'], conversation };
  const made = await server.call('POST', '/v1/conversations', { bearer: foreigner, body });
  expect(made.status).toBe(201);
  expect(field(made.body, 'conversation.id')).toBe(conversation);
  expect(field(made.body, 'conversation.last_seq')).toBe(0);
});

test('[AU53] An API key changes people of its own tenant only', async () => {
  const call = { bearer: theirs.api_key, body: { name: 'Renamed' } };
  await server.call('PUT', '/v1/users/bob', call);
  const row = await server.call('GET', `/v1/conversations/${conversation}`, { bearer: member });
  expect(row.status).toBe(200);
  expect(row.text).not.toContain('Renamed');
});
