import type { Client } from 'pg';
import { OperatorError } from '../operator-error.ts';

/**
 * Gives this history another name: every client then reads everything anew.
 *
 * Needed whenever a database goes back to an older point, since numbers that clients have seen are
 * given out again. Nodes that run notice it within seconds.
 */
export async function renewEpoch(
  session: Client,
): Promise<{ readonly before: string; readonly now: string }> {
  const { rows } = await session.query<{ before: string; now: string }>(`
    with old as (select epoch from installation)
    update installation set epoch = gen_random_uuid()::text from old
    returning old.epoch as before, installation.epoch as now`);
  const [row] = rows;
  if (row === undefined) throw new OperatorError('The database has lost its row `installation`.');
  return row;
}
