import { accessTopic } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BusMessage } from '../bus/bus.ts';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { createTestApp, field, operatorKey, type TestApp } from './testing/test-app.ts';

let server: TestApp;

beforeAll(async () => {
  server = await createTestApp();
});

afterAll(() => server[Symbol.asyncDispose]());

function get(id: string, bearer: string) {
  return server.call('GET', `/v1/tenants/${id}`, { bearer });
}

function patch(tenant: NewTenant, body: unknown, bearer = tenant.api_key) {
  return server.call('PATCH', `/v1/tenants/${tenant.id}`, { bearer, body });
}

const defaults = {
  directory: 'all',
  members_may: [],
  allowed_origins: [],
  frame_ancestors: [],
};

describe('Settings', () => {
  test('[AU76] show their defaults, to the tenant and to the operator', async () => {
    const tenant = await server.tenant();
    for (const bearer of [tenant.api_key, operatorKey]) {
      const answer = await get(tenant.id, bearer);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        id: tenant.id,
        name: 'A tenant',
        ...defaults,
        created_at: expect.any(String),
        suspended_at: null,
      });
    }
  });

  test('[AU76] change one by one: absent ones stay, null is the default again', async () => {
    const tenant = await server.tenant();
    const change = {
      directory: 'shared',
      members_may: ['rename', 'rename'],
      allowed_origins: ['https://app.example', 'https://app.example', 'http://localhost:3000'],
      frame_ancestors: ['https://app.example'],
    };
    expect((await patch(tenant, change)).body).toMatchObject({
      directory: 'shared',
      members_may: ['rename'],
      allowed_origins: ['https://app.example', 'http://localhost:3000'],
      frame_ancestors: ['https://app.example'],
    });
    expect((await patch(tenant, { directory: 'none' }, operatorKey)).body).toMatchObject({
      ...change,
      directory: 'none',
      members_may: ['rename'],
      allowed_origins: ['https://app.example', 'http://localhost:3000'],
    });
    const cleared = await patch(tenant, {
      directory: null,
      allowed_origins: null,
      members_may: [],
    });
    expect(cleared.body).toMatchObject({ ...defaults, frame_ancestors: ['https://app.example'] });
    expect((await patch(tenant, {})).body).toEqual(cleared.body);
    const row = await server.database.sql
      .selectFrom('tenant')
      .select('settings')
      .where('id', '=', tenant.id)
      .executeTakeFirst();
    expect(row?.settings).toEqual({ members_may: [], frame_ancestors: ['https://app.example'] });
  });

  test('[AU76] hold at once on this node, though they were read before', async () => {
    const tenant = await server.tenant();
    const { settings } = server.parts;
    const origin = `https://${tenant.id}.example`;
    expect(await settings.of(tenant.id)).toEqual({});
    expect(await settings.someTenantLists(origin)).toBe(false);
    await patch(tenant, { directory: 'none', allowed_origins: [origin] });
    expect(await settings.of(tenant.id)).toMatchObject({ directory: 'none' });
    expect(await settings.someTenantLists(origin)).toBe(true);
    await patch(tenant, { allowed_origins: [] });
    expect(await settings.someTenantLists(origin)).toBe(false);
  });

  test('[AU76] that two change at one time both hold', async () => {
    const tenant = await server.tenant();
    await Promise.all([
      patch(tenant, { directory: 'none' }),
      patch(tenant, { members_may: ['add'] }),
      patch(tenant, { frame_ancestors: ['https://a.example'] }),
    ]);
    expect((await get(tenant.id, tenant.api_key)).body).toMatchObject({
      directory: 'none',
      members_may: ['add'],
      frame_ancestors: ['https://a.example'],
    });
  });

  test('[AU76] of another tenant are as if there were no such tenant', async () => {
    const [tenant, rival] = [await server.tenant(), await server.tenant()];
    const headers = { 'X-Request-Id': 'same' };
    const texts: string[] = [];
    for (const id of [rival.id, 'invented', 'Not-a-slug', '%00', 'x'.repeat(200)]) {
      for (const [method, body] of [
        ['GET', undefined],
        ['PATCH', { directory: 'none' }],
      ] as const) {
        const call = { bearer: tenant.api_key, headers, ...(body && { body }) };
        const answer = await server.call(method, `/v1/tenants/${id}`, call);
        expect(answer.status).toBe(404);
        texts.push(answer.text);
      }
    }
    const invented = { bearer: operatorKey, headers };
    texts.push((await server.call('GET', '/v1/tenants/invented', invented)).text);
    expect(new Set(texts).size).toBe(1);
    expect((await get(rival.id, rival.api_key)).body).toMatchObject(defaults);
  });

  test('[AU76] are not for people: a user token is the wrong credential', async () => {
    const tenant = await server.tenant();
    const bearer = await server.token(tenant, 'alice');
    expect((await get(tenant.id, bearer)).status).toBe(401);
    expect((await patch(tenant, { directory: 'none' }, bearer)).status).toBe(401);
  });

  test.each([
    ['directory', { directory: 'some' }],
    ['directory', { directory: ['all'] }],
    ['members_may', { members_may: 'rename' }],
    ['members_may.0', { members_may: ['remove'] }],
    ['members_may', { members_may: ['rename', 'add', 'rename'] }],
    ['allowed_origins', { allowed_origins: 'https://app.example' }],
    ['allowed_origins', { allowed_origins: Array(101).fill('https://app.example') }],
    ['frame_ancestors.1', { frame_ancestors: ['https://app.example', 'self'] }],
  ])('[AU76] that cannot be are refused, naming %s: %j', async (name, body) => {
    const tenant = await server.tenant();
    const refused = await patch(tenant, { members_may: ['add'], ...body });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ code: 'bad_request', field: name });
    expect((await get(tenant.id, tenant.api_key)).body).toMatchObject(defaults);
  });

  test.each([
    '*',
    'null',
    '',
    'app.example',
    'https://*',
    'https://*.example',
    'https://app.*',
    'https://app.example/',
    'https://app.example/path',
    'https://app.example?',
    'https://app.example#',
    'https://user@app.example',
    'https://APP.example',
    'HTTPS://app.example',
    'https://app.example:443',
    'http://app.example:80',
    'https://app.example:',
    'https://app.example:99999',
    'https://app.example ',
    ' https://app.example',
    'https://app.example;script-src',
    "https://app.example'unsafe-inline'",
    'https://app.example,https://b.example',
    'https://app.example https://b.example',
    'https://app.example\nX',
    'https://bücher.example',
    'https://127.1',
    'https://[::0001]',
    'https:app.example',
    'https:///app.example',
    'ftp://app.example',
    'ws://app.example',
    'data:text/html,x',
    'javascript:alert(1)',
    'chrome-extension://abcdefghijklmnop',
    `https://${'a'.repeat(300)}`,
  ])('[AU77] What is not an origin exactly is refused: %j', async (origin) => {
    const tenant = await server.tenant();
    for (const name of ['allowed_origins', 'frame_ancestors']) {
      const refused = await patch(tenant, { [name]: [origin] });
      expect(refused.body).toMatchObject({ code: 'bad_request', field: `${name}.0` });
    }
  });

  test('[AU77] Origins are scheme, host and port, as browsers send them', async () => {
    const tenant = await server.tenant();
    const origins = [
      'https://app.example',
      'http://localhost:3000',
      'https://app.example:8443',
      'http://127.0.0.1',
      'http://[::1]:8080',
      'https://xn--bcher-kva.example',
      'https://a_b.example',
    ];
    const answer = await patch(tenant, { allowed_origins: origins });
    expect(field(answer.body, 'allowed_origins')).toEqual(origins);
  });
});

describe('A suspended tenant', () => {
  const act = (id: string, verb: string, bearer = operatorKey) =>
    server.call('POST', `/v1/tenants/${id}/${verb}`, { bearer });

  test('[AU78] is let in by nothing, until it is resumed', async () => {
    const [tenant, other] = [await server.tenant(), await server.tenant()];
    const bearer = await server.token(tenant, 'alice');
    const list = () => server.call('GET', '/v1/conversations', { bearer });
    expect((await list()).status).toBe(200);
    const told: BusMessage[] = [];
    server.bus.onMessage((_, messages) => told.push(...messages));
    server.bus.subscribe(accessTopic(tenant.id));

    const suspended = await act(tenant.id, 'suspend');
    expect(suspended.status).toBe(200);
    expect(field(suspended.body, 'suspended_at')).toEqual(expect.any(String));
    expect(told).toEqual([{ type: 'access', ended: { reason: 'suspended' } }]);
    expect((await list()).status).toBe(401);
    expect((await get(tenant.id, tenant.api_key)).status).toBe(401);
    expect((await get(tenant.id, operatorKey)).body).toEqual(suspended.body);
    expect((await get(other.id, other.api_key)).status).toBe(200);

    const resumed = await act(tenant.id, 'resume');
    expect(resumed.body).toMatchObject({ id: tenant.id, suspended_at: null });
    expect((await list()).status).toBe(200);
    expect((await get(tenant.id, tenant.api_key)).body).toEqual(resumed.body);
  });

  test('[AU78] stays as it is when that is said again', async () => {
    const tenant = await server.tenant();
    expect((await act(tenant.id, 'resume')).body).toMatchObject({ suspended_at: null });
    const first = await act(tenant.id, 'suspend');
    expect((await act(tenant.id, 'suspend')).body).toEqual(first.body);
    await act(tenant.id, 'resume');
    await act(tenant.id, 'resume');
    const log = await server.call('GET', '/v1/audit', { bearer: tenant.api_key });
    const entries = field(log.body, 'entries');
    expect(Array.isArray(entries) && entries.map((one) => field(one, 'action'))).toEqual([
      'tenant.resumed',
      'tenant.suspended',
    ]);
    const row = await server.database.sql
      .selectFrom('tenant')
      .select('access_version')
      .where('id', '=', tenant.id)
      .executeTakeFirst();
    expect(row?.access_version).toBe(2);
  });

  test('[AU78] is made by the operator alone', async () => {
    const tenant = await server.tenant();
    for (const verb of ['suspend', 'resume']) {
      expect((await act(tenant.id, verb, tenant.api_key)).status).toBe(401);
      for (const id of ['invented', 'Not-a-slug', '%00']) {
        expect((await act(id, verb)).status).toBe(404);
      }
    }
    expect((await get(tenant.id, tenant.api_key)).body).toMatchObject({ suspended_at: null });
  });
});
