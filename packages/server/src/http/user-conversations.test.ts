import { type ConversationRow, newId } from '@parley/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { conversationSchema } from './conversation-schema.ts';
import { type Answer, createTestApp, field, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let tenant: NewTenant;
beforeAll(async () => {
  server = await createTestApp();
});
afterAll(() => server[Symbol.asyncDispose]());

beforeEach(async () => {
  tenant = await server.tenant();
  for (const user of ['ann', 'bob', 'cy', 'gus']) await put(user, {});
});

async function put(user: string, fields: object): Promise<void> {
  const body = { name: user, ...fields };
  const { status } = await server.call('PUT', `/v1/users/${user}`, {
    bearer: tenant.api_key,
    body,
  });
  expect(status).toBe(200);
}

// One name for all requests, so that answers can be equal to the byte.
const headers = { 'X-Request-Id': 'one-name' };

function connect(user: string, body: unknown, bearer = tenant.api_key): Promise<Answer> {
  return server.call('POST', `/v1/users/${user}/conversations`, { bearer, body, headers });
}

async function block(blocker: string, blocked: string): Promise<void> {
  await server.database.sql
    .insertInto('block')
    .values({
      tenant_id: tenant.id,
      blocker_id: blocker,
      blocked_id: blocked,
      created_at: new Date(),
    })
    .execute();
}

function rowOf(answer: Answer): ConversationRow {
  return conversationSchema.parse(field(answer.body, 'conversation')) as ConversationRow;
}

describe('A host that connects people', () => {
  test('[RO40] makes a conversation as the person would: made once, and told as theirs', async () => {
    const conversation = newId();
    const body = { kind: 'group', members: ['bob', 'cy'], name: 'Order 7', conversation };
    const made = await connect('ann', body);
    expect(made.status).toBe(201);
    expect(rowOf(made)).toMatchObject({
      id: conversation,
      name: 'Order 7',
      created_by: 'ann',
      my_role: 'owner',
      member_count: 3,
    });
    const again = await connect('ann', body);
    expect(again.status).toBe(200);
    expect(again.body).toEqual(made.body);
    const direct = await connect('ann', { kind: 'direct', members: ['bob'] });
    expect(direct.status).toBe(201);
    const otherSide = await connect('bob', { kind: 'direct', members: ['ann'] });
    expect(otherSide.status).toBe(200);
    expect(rowOf(otherSide).id).toBe(rowOf(direct).id);
    const bearer = await server.token(tenant, 'bob');
    const { body: list } = await server.call('GET', '/v1/conversations', { bearer });
    expect(field(list, 'conversations')).toHaveLength(2);
  });

  test('[RO40] does so whatever the directory shows, and for guests', async () => {
    await server.database.sql
      .updateTable('tenant')
      .set({ settings: JSON.stringify({ directory: 'none' }) })
      .where('id', '=', tenant.id)
      .execute();
    await put('gus', { role: 'guest' });
    const bearer = await server.token(tenant, 'ann');
    const asked = { bearer, body: { kind: 'direct', members: ['bob'] } };
    expect((await server.call('POST', '/v1/conversations', asked)).status).toBe(404);
    expect((await connect('ann', asked.body)).status).toBe(201);
    expect((await server.call('POST', '/v1/conversations', asked)).status).toBe(200);
    expect((await connect('gus', { kind: 'direct', members: ['cy'] })).status).toBe(201);
  });

  test('[RO41] does not connect with who blocks the person; their own block is told', async () => {
    await block('bob', 'ann');
    const unknown = await connect('ann', { kind: 'direct', members: ['nobody'] });
    expect(unknown.status).toBe(404);
    const blocked = await connect('ann', { kind: 'direct', members: ['bob'] });
    expect(blocked.text).toBe(unknown.text);
    const group = await connect('ann', { kind: 'group', members: ['cy', 'bob'] });
    expect(group.text).toBe(unknown.text);
    const own = await connect('bob', { kind: 'direct', members: ['ann'] });
    expect(own.status).toBe(403);
    expect(own.body).toMatchObject({ code: 'not_allowed' });
  });

  test('[RO41] knows nobody of another tenant, nor who is gone: one 404, and nothing is made', async () => {
    const theirs = await server.tenant();
    const call = { bearer: theirs.api_key, body: { name: 'Zed' } };
    await server.call('PUT', '/v1/users/zed', call);
    await server.database.sql
      .updateTable('app_user')
      .set({ deactivated_at: new Date() })
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', 'cy')
      .execute();
    const body = { kind: 'group', members: ['bob'] };
    const invented = await connect('nobody', body);
    expect(invented.status).toBe(404);
    for (const user of ['zed', 'cy']) expect((await connect(user, body)).text).toBe(invented.text);
    const named = await connect('ann', { kind: 'group', members: ['nobody'] });
    expect(named.body).toMatchObject({ code: 'not_found', field: 'members' });
    for (const who of ['zed', 'cy']) {
      expect((await connect('ann', { kind: 'group', members: [who] })).text).toBe(named.text);
    }
    const rows = await server.database.sql
      .selectFrom('conversation')
      .select('id')
      .where('tenant_id', 'in', [tenant.id, theirs.id])
      .execute();
    expect(rows).toEqual([]);
  });

  test('[RO43] is told nothing of what was said in the conversation that there was', async () => {
    const body = { kind: 'direct', members: ['bob'] };
    const { id } = rowOf(await connect('ann', body));
    const bearer = await server.token(tenant, 'ann');
    const message = { id: newId(), body: 'between us' };
    await server.call('POST', `/v1/conversations/${id}/messages`, { bearer, body: message });
    const again = await connect('ann', body);
    expect(rowOf(again)).toMatchObject({ id, last_seq: 1, last_message: null });
    expect(again.text).not.toContain('between us');
  });

  test('[RO42] leaves a group that it makes for a guest without an owner', async () => {
    await put('gus', { role: 'guest' });
    const made = rowOf(await connect('gus', { kind: 'group', members: ['ann'] }));
    expect(made.my_role).toBe('member');
    expect(made.members.map((one) => one.role)).toEqual(['member', 'member']);
  });
});
