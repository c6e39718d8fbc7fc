import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FairTurns } from '../limits/fair-turns.ts';
import { parseApiKey } from '../tenants/api-key.ts';
import type { NewTenant } from '../tenants/create-tenant.ts';
import { createApp } from './app.ts';
import type { AppParts } from './parts.ts';
import { createTestApp, field, operatorKey, type TestApp } from './testing/test-app.ts';

let server: TestApp;
let clock = Date.now();
const peer = { incoming: { socket: { remoteAddress: '192.0.2.1' } } };

beforeAll(async () => {
  server = await createTestApp({ now: () => clock });
});

afterAll(() => server[Symbol.asyncDispose]());

/** A key of its own, which its tenant can take back. */
async function spare(
  tenant: NewTenant,
): Promise<{ key: string; takeBack: () => Promise<unknown> }> {
  const body = { name: 'Spare', scopes: ['all'] };
  const made = await server.call('POST', '/v1/api-keys', { bearer: tenant.api_key, body });
  const key = String(field(made.body, 'api_key'));
  const path = `/v1/api-keys/${parseApiKey(key)?.id}`;
  return { key, takeBack: () => server.call('DELETE', path, { bearer: tenant.api_key }) };
}

/** Sends the second half of a body when something has happened since the first, a while later. */
async function slowly(
  [method, path, body]: readonly [string, string, object],
  bearer: string,
  happens: () => Promise<unknown>,
): Promise<number> {
  const text = JSON.stringify(body);
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from(text.slice(0, 5))),
    pull: async (controller) => {
      await happens();
      clock += 1_000;
      controller.enqueue(Buffer.from(text.slice(5)));
      controller.close();
    },
  });
  const init: RequestInit & { readonly duplex: 'half' } = {
    method,
    headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
    body: stream,
    duplex: 'half',
  };
  return (await server.app.request(path, init, peer)).status;
}

const acts = [
  ['POST', '/v1/api-keys', { name: 'Another', scopes: ['all'] }],
  ['POST', '/v1/signing-keys', { algorithm: 'HS256' }],
  ['POST', '/v1/users/alice/tokens', { expires_in: 60 }],
  ['PUT', '/v1/users/mallory', { name: 'Mallory', role: 'admin' }],
] as const;

describe('A request that has waited since it was let in', () => {
  test.each(acts)('[AU73] does not do %s %s with a key taken back meanwhile', async (...act) => {
    const tenant = await server.tenant();
    const { key, takeBack } = await spare(tenant);
    expect(await slowly(act, key, async () => {})).toBeLessThan(300);
    expect(await slowly(act, key, takeBack)).toBe(401);
  });

  test('[AU78] does nothing in a tenant that was suspended meanwhile', async () => {
    const tenant = await server.tenant();
    const path = `/v1/tenants/${tenant.id}`;
    const suspend = () => server.call('POST', `${path}/suspend`, { bearer: operatorKey });
    expect(await slowly(['PATCH', path, { directory: 'none' }], tenant.api_key, suspend)).toBe(401);
  });

  test('[AU73] for its turn is not answered with a key taken back meanwhile', async () => {
    const tenant = await server.tenant();
    const { key, takeBack } = await spare(tenant);
    const read = () => call(queue(1, takeBack), '/v1/users/nobody', key);
    expect([await read(), await read()]).toEqual([401, 401]);
  });

  test('[RV1] for its turn is not answered with a token revoked meanwhile', async () => {
    const tenant = await server.tenant();
    const bearer = await server.token(tenant, 'alice');
    const path = '/v1/users/alice/revoke';
    const revoke = () => server.call('POST', path, { bearer: tenant.api_key });
    // The first turn is for letting the person in, the second for what they ask.
    expect(
      await call(
        queue(2, async () => {}),
        '/v1/conversations',
        bearer,
      ),
    ).toBe(200);
    expect(await call(queue(2, revoke), '/v1/conversations', bearer)).toBe(401);
  });
});

/** Turns of which one comes late, after something has happened. */
class Queue extends FairTurns {
  readonly #late: number;
  readonly #happens: () => Promise<unknown>;
  #taken = 0;

  constructor(late: number, happens: () => Promise<unknown>) {
    super({ most: 9, each: 8, waiting: 10 });
    this.#late = late;
    this.#happens = happens;
  }

  override async take<T>(lane: string, work: () => T | Promise<T>): Promise<T> {
    if (++this.#taken === this.#late) {
      await this.#happens();
      clock += 1_000;
    }
    return super.take(lane, work);
  }
}

function queue(late: number, happens: () => Promise<unknown>): AppParts {
  const { parts } = server;
  const turns = new Queue(late, happens);
  return { ...parts, doors: { ...parts.doors, turns }, metrics: new Registry() };
}

async function call(parts: AppParts, path: string, bearer: string): Promise<number> {
  const headers = { Authorization: `Bearer ${bearer}` };
  return (await createApp(parts).request(path, { headers }, peer)).status;
}
