import { setTimeout } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import { type Client, Pool } from 'pg';
import { OperatorError } from '../../operator-error.ts';
import { type DatabaseAddress, describeAddress } from '../address.ts';
import type { Database } from '../database.ts';
import { failureKind } from '../failure.ts';
import type { Tables } from '../tables.ts';
import { clientConfig, cutOff, longestSilenceMs, openSession, watchSilence } from './connect.ts';
import { openPipeline, type PostgresPipeline } from './pipeline.ts';

/** The oldest PostgreSQL that has everything our statements use. */
const oldestMajor = 15;

interface OpenOptions {
  /** Pooled connections, at most; pipelines come on top. Default 10. */
  readonly poolSize?: number;
  /** How long to wait for a PostgreSQL that does not answer yet, in ms. Default 0. */
  readonly waitMs?: number;
  /** As `longestSilenceMs`; for tests. */
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
  { poolSize = 10, waitMs = 0, silenceMs = longestSilenceMs, warn = () => {} }: OpenOptions = {},
): Promise<Database> {
  await examine(address, waitMs, warn);
  const pool = new Pool({
    ...clientConfig(address, 'pooled'),
    max: poolSize,
    // Before the silence of an idle one would count as that of a dead line.
    idleTimeoutMillis: silenceMs / 2,
  });
  // An idle connection that breaks is simply dropped by the pool; one in use reports through the
  // statement that fails. Without these listeners either would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    client.on('error', () => {});
    watchSilence(client, silenceMs, () => cutOff(client));
  });

  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const pipelines = new Set<PostgresPipeline>();
  let closing: Promise<void> | undefined;

  const close = async () => {
    await Promise.all([...pipelines].map((pipeline) => pipeline.close()));
    await pool.end();
  };

  return {
    sql,
    openPipeline: async () => {
      for (const pipeline of pipelines) if (!pipeline.usable) pipelines.delete(pipeline);
      const pipeline = await openPipeline(address, silenceMs);
      pipelines.add(pipeline);
      return pipeline;
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

async function examine(
  address: DatabaseAddress,
  waitMs: number,
  warn: (text: string) => void,
): Promise<void> {
  const session = await connectPatiently(address, waitMs, warn);
  try {
    const { rows } = await session.query<{ version: number; name: string; encoding: string }>(`
      select current_setting('server_version_num')::integer as version,
        current_setting('server_version') as name,
        current_setting('server_encoding') as encoding`);
    const [server] = rows;
    if (server === undefined) throw new OperatorError('PostgreSQL did not tell its version.');
    if (server.version < oldestMajor * 10_000) {
      throw new OperatorError(
        `${describeAddress(address)} is PostgreSQL ${server.name}; ` +
          `Parley needs ${oldestMajor} or newer. Upgrade it, or unset DATABASE_URL.`,
      );
    }
    if (server.encoding !== 'UTF8') {
      throw new OperatorError(
        `${describeAddress(address)} has the encoding ${server.encoding}. ` +
          "Create the database with: create database parley encoding 'UTF8' template template0",
      );
    }
    await warnOfWeakness(session, warn);
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
  const until = Date.now() + waitMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openSession(address);
    } catch (cause) {
      const why = cause instanceof Error ? reasonOf(cause) : String(cause);
      const trouble = `Cannot connect to ${describeAddress(address)}: ${why}.`;
      if (Date.now() >= until || failureKind(cause) !== 'unavailable') {
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
