import { setTimeout } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import { type Client, type ClientBase, Pool } from 'pg';
import { OperatorError } from '../../operator-error.ts';
import { type DatabaseAddress, describeAddress } from '../address.ts';
import type { Database } from '../database.ts';
import { failureKind } from '../failure.ts';
import { appRole, coreRole } from '../roles.ts';
import type { CoreTables, Tables } from '../tables.ts';
import { checkServer } from './check-server.ts';
import {
  clientConfig,
  cutOff,
  longestSilenceMs,
  openSession,
  refuseOtherRole,
  watchSilence,
  whoStatement,
} from './connect.ts';
import { openPipeline, type PostgresPipeline } from './pipeline.ts';
import { TenantDialect } from './tenant-driver.ts';
import { tenantStatement } from './tenant-statement.ts';

/** Its statements are few, and each serves many. */
const corePoolSize = 3;

interface OpenOptions {
  /** Connections for tenants' work, at most; a few others come on top. Default 10. */
  readonly poolSize?: number;
  /** How long to wait for a PostgreSQL that does not answer yet, in ms. Default 0. */
  readonly waitMs?: number;
  /** In place of `longestSilenceMs`; for tests. */
  readonly silenceMs?: number;
  /** Hears of waiting, and of settings that weaken our promises. */
  readonly warn?: (text: string) => void;
}

/**
 * Opens a PostgreSQL database for the domain to work with.
 *
 * Connections that are lost are replaced at the next use. Throws with a message for the operator
 * when there is no database at the address, or one older than PostgreSQL 15.
 */
export async function openDatabase(
  address: DatabaseAddress,
  { poolSize = 10, waitMs = 0, silenceMs, warn = () => {} }: OpenOptions = {},
): Promise<Database> {
  const searchPath = await examine(address, waitMs, warn);
  const open = { address, searchPath: searchPath === '' ? undefined : searchPath };
  const pool = { ...open, silenceMs: silenceMs ?? longestSilenceMs.pool };
  const app = openPool({ ...pool, purpose: 'app', max: poolSize });
  const core = openPool({ ...pool, purpose: 'core', max: corePoolSize });
  const pipelines = new Set<PostgresPipeline>();
  let closing: Promise<void> | undefined;

  const close = async () => {
    await Promise.all([...pipelines].map((pipeline) => pipeline.close()));
    await Promise.all([app.end(), core.end()]);
  };

  return {
    of: (tenant) => ({ sql: new Kysely<Tables>({ dialect: new TenantDialect(app, tenant) }) }),
    core: new Kysely<CoreTables>({ dialect: new PostgresDialect({ pool: core }) }),
    openPipeline: async () => {
      for (const pipeline of pipelines) if (!pipeline.usable) pipelines.delete(pipeline);
      const pipeline = await openPipeline(address, {
        ...open,
        ...(silenceMs === undefined ? {} : { silenceMs }),
      });
      pipelines.add(pipeline);
      return pipeline;
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** A connection of a pool that nobody needs for so long is closed, in ms. */
const idleMs = 10_000;

interface PoolOptions {
  readonly address: DatabaseAddress;
  readonly purpose: 'app' | 'core';
  readonly max: number;
  readonly silenceMs: number;
  readonly searchPath: string | undefined;
}

function openPool({ address, purpose, max, silenceMs, searchPath }: PoolOptions): Pool {
  const pool = new Pool({
    ...clientConfig(address, purpose, searchPath),
    max,
    idleTimeoutMillis: idleMs,
    // Of each new connection, before it is lent.
    verify: (client, done) => {
      greet(client, purpose).then(() => done(), done);
    },
  });
  // An idle connection that breaks is simply dropped by the pool; one in use reports through the
  // statement that fails. Without these listeners either would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    client.on('error', () => {});
    // An idle one has nothing to say, unless it was told to end and does not.
    watchSilence(client, silenceMs, () => {
      const since = idleSince.get(client);
      if (since === undefined || performance.now() - since > idleMs) cutOff(client);
    });
  });
  const idleSince = new WeakMap<ClientBase, number>();
  pool.on('acquire', (client) => idleSince.delete(client));
  pool.on('release', (error, client) => {
    if (!error) idleSince.set(client, performance.now());
  });
  return pool;
}

async function greet(client: ClientBase, purpose: 'app' | 'core'): Promise<void> {
  const { rows } = await client.query<{ role: string }>(whoStatement);
  refuseOtherRole(purpose === 'app' ? appRole : coreRole, rows);
  if (purpose === 'app') await client.query({ ...tenantStatement, values: [''] });
}

/** Looks the server over, and answers where its owner finds the tables. */
async function examine(
  address: DatabaseAddress,
  waitMs: number,
  warn: (text: string) => void,
): Promise<string> {
  const session = await connectPatiently(address, waitMs, warn);
  try {
    const { path } = await checkServer(session, describeAddress(address));
    await warnOfWeakness(session, warn);
    return path;
  } finally {
    await session.end();
  }
}

/** A database beside which we are started together may need a while. */
async function connectPatiently(
  address: DatabaseAddress,
  waitMs: number,
  warn: (text: string) => void,
): Promise<Client> {
  const until = performance.now() + waitMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openSession(address);
    } catch (cause) {
      const why = cause instanceof Error ? reasonOf(cause) : String(cause);
      const trouble = `Cannot connect to ${describeAddress(address)}: ${why}.`;
      if (performance.now() >= until || failureKind(cause) !== 'unavailable') {
        const advice = 'Check DATABASE_URL and that PostgreSQL is running.';
        throw new OperatorError(`${trouble} ${advice}`, cause);
      }
      if (attempt === 1) warn(`${trouble} Waiting for it.`);
      await setTimeout(500);
    }
  }
}

/** A name with several addresses fails with one error per address, and an empty message. */
function reasonOf(error: Error): string {
  const [first = error] = error instanceof AggregateError ? error.errors : [];
  return first instanceof Error ? first.message : String(first);
}

async function warnOfWeakness(session: Client, warn: (text: string) => void): Promise<void> {
  const { rows } = await session.query<{ name: string }>(`
    select name from pg_settings
    where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'
    order by name`);
  for (const { name } of rows) {
    warn(`PostgreSQL runs with ${name}=off: acknowledged messages can be lost. Set it to on.`);
  }
}
