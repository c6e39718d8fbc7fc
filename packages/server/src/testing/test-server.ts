import { type CommandResult, newId } from '@parley/protocol';
import { pino } from 'pino';
import type { Bus } from '../bus/bus.ts';
import { MemoryBus } from '../bus/memory.ts';
import { parseAddresses } from '../config/config-values.ts';
import { createTestDatabase, type TestDatabase } from '../db/testing/test-database.ts';
import type { Admission } from '../limits/admission.ts';
import type { Ledger } from '../limits/ledger.ts';
import { MemoryPresenceStore } from '../presence/store/memory.ts';
import type { PresenceStore } from '../presence/store/store.ts';
import { type RunningServer, startServer } from '../server.ts';
import { createTenant } from '../tenants/create-tenant.ts';
import { mintToken } from '../tokens/mint-token.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import { upsertUser } from '../users/upsert-user.ts';
import { TestSocket } from './test-socket.ts';

interface TestServerOptions {
  /** The database to use; one of its own otherwise. */
  readonly database?: TestDatabase;
  /** What carries news to other servers; a memory bus otherwise. */
  readonly bus?: Bus;
  /** Who is online on all servers; a memory store otherwise. */
  readonly presenceStore?: PresenceStore;
  /** Counts rates together with other servers. */
  readonly ledger?: Ledger;
  readonly admission?: Admission;
  readonly rateScale?: number;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
  readonly publicUrl?: URL;
  readonly allowedOrigins?: readonly string[];
  readonly privateHosts?: readonly string[];
  /** Addresses and networks, separated by commas. */
  readonly trustedProxies?: string;
}

const encryptionKey = Buffer.alloc(32, 7);

/** A whole server on a database of its own, on a free port: `await using server = await startTestServer()`. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database = options.database ?? (await createTestDatabase());
  const bus = options.bus ?? new MemoryBus();
  const presenceStore = options.presenceStore ?? new MemoryPresenceStore();
  const running = await startServer({
    config: {
      port: 0,
      host: '127.0.0.1',
      publicUrl: options.publicUrl,
      demo: false,
      allowedOrigins: options.allowedOrigins ?? [],
      operatorKey: 'operator-key-of-the-tests',
      rateScale: options.rateScale ?? 0,
      trustedProxies: parseAddresses(options.trustedProxies ?? ''),
      encryptionKey,
      privateHosts: options.privateHosts ?? [],
      pageFolder: '/nonexistent',
    },
    db: database.db,
    bus,
    presenceStore,
    ledger: options.ledger,
    ...(options.admission === undefined ? {} : { admission: options.admission }),
    log: pino({ level: 'silent' }),
    ...(options.now === undefined ? {} : { now: options.now }),
  });
  return new TestServer({ database, ownsDatabase: options.database === undefined, bus, running });
}

interface TestServerParts {
  readonly database: TestDatabase;
  readonly ownsDatabase: boolean;
  readonly bus: Bus;
  readonly running: RunningServer;
}

/** A running server and the people of its tests. */
export class TestServer implements AsyncDisposable {
  readonly database: TestDatabase;
  readonly bus: Bus;
  readonly keys: SigningKeys;
  readonly #running: RunningServer;
  readonly #ownsDatabase: boolean;
  #drained: Promise<void> | undefined;

  constructor({ database, ownsDatabase, bus, running }: TestServerParts) {
    this.database = database;
    this.bus = bus;
    this.#running = running;
    this.#ownsDatabase = ownsDatabase;
    this.keys = new SigningKeys({ db: database.db, secretKey: encryptionKey, now: Date.now });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#running.port}`;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.#running.port}/v1/ws`;
  }

  /** A tenant with these people in it; a random id unless given. */
  async tenant(people: readonly string[], id = `t-${newId().slice(-12)}`): Promise<TestTenant> {
    const { api_key } = await createTenant(
      { db: this.database.db, keys: this.keys },
      { id, name: id },
    );
    for (const user of people) {
      const name = `${user[0]?.toUpperCase()}${user.slice(1)}`;
      await upsertUser({ db: this.database.db, bus: this.bus }, id, { id: user, name });
    }
    return new TestTenant(this, id, api_key);
  }

  /** Stops the server as SIGTERM does; the database stays. */
  drain(): Promise<void> {
    this.#drained ??= this.#running.drain();
    return this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    if (this.#ownsDatabase) await this.database.drop();
  }
}

/** A tenant of a test, and the way in for its people. */
export class TestTenant {
  readonly id: string;
  readonly apiKey: string;
  readonly #server: TestServer;

  constructor(server: TestServer, id: string, apiKey = '') {
    this.#server = server;
    this.id = id;
    this.apiKey = apiKey;
  }

  /** An HTTP call of the host product's server, with the tenant's API key or another bearer. */
  async call(
    method: string,
    path: string,
    { body, bearer = this.apiKey }: { readonly body?: unknown; readonly bearer?: string } = {},
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(`${this.#server.url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  async token(user: string, expiresIn = 3_600): Promise<string> {
    const now = Date.now();
    const { token } = await mintToken(this.#server.keys, { tenant: this.id, user, expiresIn, now });
    return token;
  }

  /** A socket on which this person has said hello. */
  async connect(user: string): Promise<TestSocket & { readonly hello: CommandResult<'hello'> }> {
    const socket = await TestSocket.open(this.#server.socketUrl);
    const hello = await socket.ask('hello', { token: await this.token(user) });
    return Object.assign(socket, { hello });
  }
}
