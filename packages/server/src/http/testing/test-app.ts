import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { MemoryBus } from '../../bus/memory.ts';
import { parseAddresses } from '../../config/config-values.ts';
import { createTestDatabase, type TestDatabase } from '../../db/testing/test-database.ts';
import { createDoors } from '../../doors/doors.ts';
import { GroupCommit } from '../../messages/group-commit.ts';
import { SafeFetch } from '../../outbound/safe-fetch.ts';
import { ApiKeys } from '../../tenants/api-keys.ts';
import { createTenant, type NewTenant } from '../../tenants/create-tenant.ts';
import { TenantSettingsCache } from '../../tenants/tenant-settings.ts';
import { SigningKeys } from '../../tokens/signing-keys.ts';
import { createApp } from '../app.ts';
import type { AppParts, HttpConfig, HttpEnv } from '../parts.ts';

/** One call: a body that is not a string is sent as JSON. */
export interface Call {
  readonly bearer?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The peer's address; 192.0.2.1, a stranger, when absent. */
  readonly from?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body parsed, where it is JSON. */
  readonly body: unknown;
}

/** The HTTP side on a real database, with everything it logged. */
export interface TestApp extends AsyncDisposable {
  readonly app: OpenAPIHono<HttpEnv>;
  readonly parts: AppParts;
  readonly database: TestDatabase;
  readonly bus: MemoryBus;
  readonly logged: () => string;
  call(method: string, path: string, call?: Call): Promise<Answer>;
  tenant(): Promise<NewTenant>;
  /** A token of a person of the tenant, by the HTTP call. */
  token(tenant: NewTenant, user: string): Promise<string>;
}

export const operatorKey = 'operator-key-of-the-tests-0123456789';

interface Options extends Partial<Omit<AppParts, 'config'>> {
  readonly config?: Partial<HttpConfig>;
  /** Limits are off unless given. */
  readonly rateScale?: number;
  readonly trustedProxies?: string;
}

export async function createTestApp(given: Options = {}): Promise<TestApp> {
  const { rateScale = 0, trustedProxies = '', ...options } = given;
  const database = await createTestDatabase();
  const { db } = database;
  const bus = new MemoryBus();
  const append = new GroupCommit({ db, bus, now: Date.now, onError: () => {} });
  const keys = new SigningKeys({ db, secretKey: randomBytes(32), now: Date.now });
  const apiKeys = new ApiKeys({ db, now: Date.now, onError: () => {} });
  let log = '';
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      log += String(chunk);
      done();
    },
  });
  const settings = new TenantSettingsCache({ db, now: Date.now });
  const logger = pino({ level: 'trace' }, sink);
  const config: HttpConfig = {
    publicUrl: undefined,
    demo: false,
    allowedOrigins: [],
    operatorKey,
    ...options.config,
  };
  const parts: AppParts = {
    db,
    bus,
    append,
    keys,
    apiKeys,
    settings,
    doors: createDoors({
      publicUrl: config.publicUrl,
      allowedOrigins: config.allowedOrigins,
      trustedProxies: parseAddresses(trustedProxies),
      rateScale,
      settings,
      log: logger,
    }),
    outbound: new SafeFetch({ privateHosts: [] }),
    now: Date.now,
    metrics: new Registry(),
    log: logger,
    notReady: () => undefined,
    pageFolder: '/nonexistent',
    ...options,
    config,
  };
  const app = createApp(parts);
  let tenants = 0;

  const call = async (method: string, path: string, given: Call = {}): Promise<Answer> => {
    const { bearer, body, headers = {}, from = '192.0.2.1' } = given;
    const response = await app.request(
      path,
      {
        method,
        headers: {
          ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      },
      { incoming: { socket: { remoteAddress: from } } },
    );
    const text = await response.text();
    const json = /json/.test(response.headers.get('Content-Type') ?? '') && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: json ? JSON.parse(text) : undefined,
    };
  };

  return {
    app,
    parts,
    database,
    bus,
    logged: () => log,
    call,
    tenant: () => createTenant({ db, keys }, { id: `tenant-${++tenants}`, name: 'A tenant' }),
    token: async (tenant, user) => {
      const path = `/v1/users/${encodeURIComponent(user)}/tokens`;
      const { body } = await call('POST', path, { bearer: tenant.api_key, body: {} });
      return String(field(body, 'token'));
    },
    [Symbol.asyncDispose]: async () => {
      parts.doors.limits.close();
      await append.close();
      await apiKeys.close();
      await database.drop();
    },
  };
}

/** A field of an answer, by path: `conversation.id`. */
export function field(body: unknown, path: string): unknown {
  let value = body;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value;
}
