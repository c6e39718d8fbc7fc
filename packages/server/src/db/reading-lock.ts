import type { Client } from 'pg';

// Any number will do as long as it stays: "backup" in ASCII.
const readingLock = 0x6261636b7570;

/**
 * Says that a backup reads here, until the session ends; waits for a migration that is under way.
 *
 * A migration that came upon the backup's own locks would wait in the queue of a table, and with it
 * every statement of the nodes that run.
 */
export async function announceReading(session: Client): Promise<void> {
  await session.query('select pg_advisory_lock_shared($1)', [readingLock]);
}

/** Keeps backups out until the session ends; false while one reads. */
export async function keepReadersOut(session: Client): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>(
    'select pg_try_advisory_lock($1) as taken',
    [readingLock],
  );
  return rows[0]?.taken === true;
}
