import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client, type ClientBase, type ClientConfig, type CustomTypesConfig, types } from 'pg';
import type { DatabaseAddress } from '../address.ts';

/** A connection is lent by the pool, carries the append path, or is a session with a lock of its own. */
export type Purpose = 'pooled' | 'pipeline' | 'session';

/**
 * Settings every connection of ours starts with.
 *
 * Pooled and pipelined ones give up early: a lock after 2 s, a statement after 15 s, a transaction
 * left open after 5 s. Sessions wait as long as it takes. What an operator may have set for the
 * database and our statements rely on (isolation, formats of dates) is set back.
 */
export function clientConfig(address: DatabaseAddress, purpose: Purpose): ClientConfig {
  return {
    ...target(address),
    types: typeParsers,
    application_name: `parley ${purpose}`,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    options: [
      '-c default_transaction_isolation=read\\ committed',
      '-c default_transaction_read_only=off',
      '-c datestyle=ISO',
      '-c timezone=UTC',
      ...limitsOf(purpose),
    ].join(' '),
  };
}

/** Opens a session of its own, without time limits. It emits `end` when it is closed or lost. */
export async function openSession(address: DatabaseAddress): Promise<Client> {
  const client = new Client(clientConfig(address, 'session'));
  // Without a listener the loss of an idle connection would end the process.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Calls `onSilence` whenever nothing went over the line, in either direction, for `ms`. */
export function watchSilence(client: ClientBase, ms: number, onSilence: () => void): void {
  const stream = streamOf(client);
  if (!(stream instanceof Socket)) return;
  stream.setTimeout(ms);
  // Not as an argument of setTimeout, which would call it the first time only.
  stream.on('timeout', onSilence);
}

/** Cuts the line. What waits for an answer fails. */
export function cutOff(client: ClientBase): void {
  streamOf(client)?.destroy();
}

function streamOf(client: ClientBase): Duplex | undefined {
  return client instanceof Client ? client.connection.stream : undefined;
}

/**
 * Longest silence of a pooled or pipelined connection that has something to answer, in ms.
 *
 * PostgreSQL gives a statement up before; so after this time the line is dead, though no packet
 * said so, and only closing it here lets those who wait go on.
 */
export const longestSilenceMs = 20_000;

function target(address: DatabaseAddress): ClientConfig {
  switch (address.kind) {
    case 'url':
      return { connectionString: address.url };
    case 'socket':
      return {
        host: address.folder,
        port: 5432,
        user: address.user,
        database: address.database,
        // Else the driver would look for one in PGPASSWORD and ~/.pgpass.
        password: '',
        ssl: false,
      };
  }
}

function limitsOf(purpose: Purpose): string[] {
  switch (purpose) {
    case 'pooled':
    case 'pipeline':
      return [
        '-c statement_timeout=15s',
        '-c lock_timeout=2s',
        '-c idle_in_transaction_session_timeout=5s',
      ];
    case 'session':
      return [
        '-c statement_timeout=0',
        '-c lock_timeout=0',
        '-c idle_in_transaction_session_timeout=0',
      ];
  }
}

const oid = { int8: 20, int8Array: 1016 } as const;

/** Reads int8 as number and refuses what a number cannot hold. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`The bigint ${text} does not fit a number.`);
  }
  return value;
}

function parseInt8Array(text: string): (number | null)[] {
  if (text === '{}') return [];
  return text
    .slice(1, -1)
    .split(',')
    .map((item) => (item === 'NULL' ? null : parseInt8(item)));
}

const typeParsers: CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && id === oid.int8) return parseInt8;
    if (format !== 'binary' && id === oid.int8Array) return parseInt8Array;
    return types.getTypeParser(id, format);
  },
};
