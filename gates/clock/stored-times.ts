import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { withDatabase } from '../kit/with-database.ts';

/** A node whose clocks run twice too fast is corrected every two of its seconds. */
const toleranceSeconds = 3;

interface Found {
  readonly messages: number;
  readonly backwards: number;
  readonly early: number;
  readonly late: number;
}

/** Messages are dated in their order, and by the database's clock, whatever node stored them. */
export async function storedTimes(run: Run, { address }: Pick<Topology, 'address'>): Promise<void> {
  const [found] = await withDatabase(address, async (session) => {
    const { rows } = await session.query<Found>(
      `with dated as (
        select created_at, lag(created_at) over (
          partition by tenant_id, conversation_id order by seq) as before
        from message
      )
      select count(*)::int as messages,
        count(*) filter (where created_at < before)::int as backwards,
        count(*) filter (where created_at > clock_timestamp() + make_interval(secs => $1))::int as late,
        count(*) filter (where created_at < clock_timestamp() - interval '10 min')::int as early
      from dated`,
      [toleranceSeconds],
    );
    return rows;
  });
  if (found === undefined) throw new Error('the database tells nothing of its messages');
  const { messages, backwards, early, late } = found;
  run.expect(messages > 0, 'no message was stored');
  run.expect(backwards === 0, `${backwards} of ${messages} messages are dated before the last one`);
  run.expect(early + late === 0, `${early} messages are dated too early, ${late} in the future`);
}
