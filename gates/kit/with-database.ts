import type { Client } from 'pg';
import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import { openSession } from '../../packages/server/src/db/postgres/connect.ts';

/** Asks a server's database as the owner of its tables, in a session of its own. */
export async function withDatabase<Result>(
  address: DatabaseAddress,
  work: (session: Client) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(address);
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}
