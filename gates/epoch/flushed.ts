import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';

/** Redis forgets everything while people write: it held nothing that is needed. */
export async function flushed(run: Run): Promise<void> {
  await using cluster = await run.cluster({ nodes: 2, env: { PARLEY_RATE_SCALE: '0' } });
  const crowd = await Crowd.gather(run, cluster, {
    conversations: 4,
    publishers: { raw: 6, sdk: 2 },
    readers: { raw: 2, sdk: 2 },
    pauseMs: 10,
  });
  crowd.begin();
  const rounds = run.sized({ ci: 4, full: 60 });
  for (let n = 0; n < rounds; n += 1) {
    await pause(run.random.between(200, 1_000));
    if (cluster.redis === undefined) throw new Error('there is no Redis');
    await cluster.redis.command('FLUSHALL');
  }
  await crowd.finish();
  run.expect(crowd.history.acked > 0, 'something was acknowledged');
  run.note('Redis flushed', rounds);
  run.note('acknowledged meanwhile', crowd.history.acked);
}
