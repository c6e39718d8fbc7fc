import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import { type Answer, type HttpCall, httpCall } from './http-call.ts';
import type { Inside } from './inside.ts';
import type { GateDatabase, GatePostgres } from './postgres.ts';
import { reservedPort } from './reserved-port.ts';
import { startServerProcess } from './server-process.ts';
import { createTenant, type Tenant } from './tenant.ts';

/** A server as its operators start it: a process of its own, with an environment and a database. */
export interface Installed extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly socketUrl: string;
  readonly operatorKey: string;
  /** Its database, as the owner of the tables; for what a gate looks up or sets up. */
  readonly address: DatabaseAddress;
  /** What only its process knows: memory after a collection, stops of its event loop. */
  readonly inside: Inside;
  /** Why it ended; undefined while it runs. */
  readonly ended: string | undefined;
  /** Resolves when it has ended. */
  readonly exit: Promise<void>;
  /** Resolves once it answers, or is known to have ended: its lines are cut a moment before that. */
  answersOrEnds(): Promise<void>;
  /** What it logged, the last 400 KB of it. */
  log(): string;
  call(method: string, path: string, call?: HttpCall): Promise<Answer>;
  /** A tenant with these people, made over HTTP as a host product does. */
  tenant(people?: readonly string[]): Promise<Tenant>;
}

/** How long it may take until a server that no longer answers is known to have ended. */
const endedMs = 5_000;

/** Starts `main.ts` on a free port and an empty database; ends it at the end of the scope. */
export async function startInstallation(
  postgres: GatePostgres,
  env: Readonly<Record<string, string>> = {},
): Promise<Installed> {
  const database = await postgres.createDatabase();
  try {
    return await launch(database, env);
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function launch(
  database: GateDatabase,
  env: Readonly<Record<string, string>>,
): Promise<Installed> {
  const operatorKey = randomBytes(24).toString('hex');
  const port = Number(env['PORT'] ?? (await reservedPort()));
  const { process, inside } = await startServerProcess({
    port,
    env: { DATABASE_URL: database.url, PARLEY_OPERATOR_KEY: operatorKey, ...env },
  });
  const installed: Installed = {
    pid: process.pid,
    port,
    url: `http://127.0.0.1:${port}`,
    socketUrl: `ws://127.0.0.1:${port}/v1/ws`,
    operatorKey,
    address: database.address,
    inside,
    get ended() {
      return process.ended;
    },
    exit: process.exit,
    async answersOrEnds() {
      try {
        await httpCall(port, 'GET', '/healthz');
      } catch {
        await Promise.race([process.exit, setTimeout(endedMs, undefined, { ref: false })]);
      }
    },
    log: () => process.log(),
    call: (method, path, call) => httpCall(port, method, path, call),
    tenant: (people = []) => createTenant(installed, people),
    async [Symbol.asyncDispose]() {
      await process.stop();
      await database.drop();
    },
  };
  return installed;
}
