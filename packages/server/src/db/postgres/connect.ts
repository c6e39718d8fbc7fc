import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client, type ClientBase, type ClientConfig, type CustomTypesConfig, types } from 'pg';
import { OperatorError } from '../../operator-error.ts';
import type { DatabaseAddress } from '../address.ts';
import { appRole, coreRole, type Role } from '../roles.ts';

/**
 * What a connection is for: one tenant's work, that of many at once, the append path; or it is a
 * session of the tables' owner, for migrations and locks.
 */
export type Purpose = 'app' | 'core' | 'pipeline' | 'session';

/**
 * Settings every connection of ours starts with.
 *
 * All but sessions give up early: see `settingsOf`. Sessions wait as long as it takes. What an operator may have set for the database and
 * our statements rely on (isolation, formats of dates) is set back. `searchPath` is the owner's,
 * which for another role may mean other schemas (`"$user"`).
 */
export function clientConfig(
  address: DatabaseAddress,
  purpose: Purpose,
  searchPath?: string,
): ClientConfig {
  const { options = '', ...where } = target(address);
  return {
    ...where,
    types: typeParsers,
    application_name: `parley ${purpose}`,
    connectionTimeoutMillis: purpose === 'session' ? 10_000 : 4_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    options: [
      // The operator's come first, so that ours hold.
      options,
      '-c default_transaction_isolation=read\\ committed',
      '-c default_transaction_read_only=off',
      '-c datestyle=ISO',
      '-c timezone=UTC',
      ...(searchPath === undefined ? [] : [`-c search_path=${escapeOption(searchPath)}`]),
      ...settingsOf(purpose),
    ].join(' '),
  };
}

/**
 * Opens a session of its own, without time limits. It emits `end` when it is closed or lost.
 *
 * It is cut when `signal` is aborted: what it waits for fails.
 */
export async function openSession(address: DatabaseAddress, signal?: AbortSignal): Promise<Client> {
  signal?.throwIfAborted();
  const client = new Client(clientConfig(address, 'session'));
  // Without a listener the loss of an idle connection would end the process.
  client.on('error', () => {});
  signal?.addEventListener('abort', () => cutOff(client), { once: true });
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
 * Longest silence of a connection, other than a session, that has something to answer, in ms.
 *
 * PostgreSQL gives a statement up before; so after this time the line is dead, though no packet
 * said so, and only closing it here lets those who wait go on. The append path's is shorter: all
 * messages of all tenants wait behind it.
 */
export const longestSilenceMs = { pool: 9_000, pipeline: 5_000 } as const;

function target(address: DatabaseAddress): ClientConfig {
  switch (address.kind) {
    case 'url': {
      // In the address they would replace ours, the role among them.
      if (!address.url.includes('options=')) return { connectionString: address.url };
      const url = new URL(address.url);
      const options = url.searchParams.get('options') ?? '';
      url.searchParams.delete('options');
      return { connectionString: url.href, options };
    }
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

/** The role that connections of this purpose take; sessions stay who they are. */
function roleOf(purpose: Purpose): Role | undefined {
  switch (purpose) {
    case 'app':
      return appRole;
    case 'core':
    case 'pipeline':
      return coreRole;
    case 'session':
      return undefined;
  }
}

/** Asks a connection who it is, for `refuseOtherRole`. */
export const whoStatement = { name: 'parley_who', text: 'select current_user as role' } as const;

/**
 * Refuses a connection that did not take its role.
 *
 * A pooler between us and PostgreSQL may drop the options of a connection; as the owner of the
 * tables nothing would stand between one tenant and the other.
 */
export function refuseOtherRole(role: Role, answer: readonly { readonly role: string }[]): void {
  const found = answer[0]?.role;
  if (found === role) return;
  throw new OperatorError(
    `A connection runs as "${found}" instead of "${role}". Connect to PostgreSQL itself, or through ` +
      'a pooler in session mode that passes the connection parameter "options" on.',
  );
}

function settingsOf(purpose: Purpose): string[] {
  const role = roleOf(purpose);
  if (role !== undefined) {
    return [
      `-c role=${role}`,
      '-c row_security=on',
      // A transaction of a process that was stopped holds its locks no longer than this.
      '-c idle_in_transaction_session_timeout=5s',
      // The append path skips what others hold: where it waits all the same, it does not for long.
      ...(purpose === 'pipeline'
        ? ['-c statement_timeout=4s', '-c lock_timeout=250ms']
        : ['-c statement_timeout=8s', '-c lock_timeout=2s']),
    ];
  }
  return [
    // Where the owner would see some rows only, the statement fails instead: no migration, nor
    // anything else, takes a part for the whole.
    '-c row_security=off',
    '-c statement_timeout=0',
    '-c lock_timeout=0',
    '-c idle_in_transaction_session_timeout=0',
  ];
}

/** In the options of a connection a space begins the next one. */
function escapeOption(value: string): string {
  return value.replaceAll(/[\\\s]/g, '\\$&');
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
