import { setTimeout as pause } from 'node:timers/promises';
import type { NodeSession } from './node-session.ts';

/** How a node holds its database: alone, or beside others that share its bus. */
export type Hold = 'alone' | 'shared';

interface TakeOptions {
  readonly hold: Hold;
  /** How long a lock that another has is waited for, in ms. */
  readonly waitMs: number;
  /** Told once, when it has to wait; `holders` in words. */
  readonly onWait?: (holders: string) => void;
  /** Cuts waiting short. */
  readonly signal?: AbortSignal;
}

// Any number will do as long as it stays: "node" in ASCII.
const nodeLock = 0x6e6f6465;
const askEveryMs = 200;

/**
 * Takes the lock that says who may run on this database; it goes with the session.
 *
 * Answers undefined when it has it, else who holds it after `waitMs`, in words. It is asked for again
 * and again instead of queued for: a request that waits in PostgreSQL would keep those out who may
 * come in beside the present holders.
 */
export async function takeNodeLock(
  session: NodeSession,
  { hold, waitMs, onWait, signal }: TakeOptions,
): Promise<string | undefined> {
  const take = hold === 'alone' ? 'pg_try_advisory_lock' : 'pg_try_advisory_lock_shared';
  const until = performance.now() + waitMs;
  for (let first = true; ; first = false) {
    const [row] = await session.query<{ taken: boolean }>(`select ${take}($1) as taken`, [
      nodeLock,
    ]);
    if (row?.taken === true) return undefined;
    if (first) onWait?.(await holdersOf(session));
    if (performance.now() >= until || signal?.aborted === true) return holdersOf(session);
    await pause(askEveryMs);
  }
}

/** Ends a connection of ours that PostgreSQL still believes in; it may hold the lock. */
export async function endBackend(
  session: NodeSession,
  { pid, since }: NodeSession['backend'],
): Promise<void> {
  await session.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start = $2',
    [pid, since],
  );
}

async function holdersOf(session: NodeSession): Promise<string> {
  const rows = await session.query<{ holder: string }>(
    `select concat_ws(' ', nullif(replace(application_name, 'parley node ', ''), ''),
        'from ' || host(client_addr)) as holder
      from pg_locks join pg_stat_activity using (pid)
      where locktype = 'advisory' and granted and classid = 0 and objid = $1 and objsubid = 1
        and pg_locks.database = (select oid from pg_database where datname = current_database())
      order by backend_start limit 3`,
    [nodeLock],
  );
  return rows.length === 0 ? 'just gone' : rows.map(({ holder }) => holder).join(', ');
}
