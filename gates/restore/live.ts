import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';
import { readEpoch, readFaults, readLogs } from './contents.ts';
import { createBeside, urlOf } from './databases.ts';
import { demandCommand, runCommand } from './run-command.ts';

const crowdPlan = {
  conversations: 12,
  publishers: { raw: 20, sdk: 0 },
  readers: { raw: 1, sdk: 0 },
  pauseMs: 4,
};

/** People write all the time; each backup is the beginning of what is true at the end. */
export async function live(run: Run): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-restore-'));
  try {
    await using server = await run.cluster({ nodes: 1, env: { PARLEY_RATE_SCALE: '0' } });
    const env = { DATABASE_URL: urlOf(server.address), PARLEY_OPERATOR_KEY: server.operatorKey };
    const crowd = await Crowd.gather(run, server, crowdPlan);
    crowd.begin();
    const taken: { readonly file: string; readonly acked: number }[] = [];
    for (let round = 0; round < run.sized({ ci: 3, full: 40 }); round += 1) {
      await pause(run.random.between(100, 800));
      const acked = crowd.history.acked;
      const file = join(folder, `${round}.backup`);
      await demandCommand(['backup', file], env);
      taken.push({ file, acked });
    }
    run.expect((taken.at(-1)?.acked ?? 0) > 0, 'something was acknowledged before a backup');
    const [first] = taken;
    const refused = await runCommand(['restore', first?.file ?? '', '--replace'], { env });
    run.expect(
      refused.code === 1 && refused.said.includes('Stop every server'),
      `restoring under a running server is refused, not: ${refused.code} ${refused.said}`,
    );
    await crowd.finish();
    const truth = await readLogs(server.address);
    const epoch = await readEpoch(server.address);
    for (const { file, acked } of taken) {
      await using target = await createBeside(server.address);
      await demandCommand(['restore', file], { ...env, DATABASE_URL: target.url });
      for (const fault of await readFaults(target.address)) run.fail(`torn apart: ${fault}`);
      const restored = await readLogs(target.address);
      let messages = 0;
      for (const [conversation, log] of restored) {
        messages += log.length;
        const whole = truth.get(conversation) ?? [];
        const wrong = log.findIndex((said, index) => said !== whole[index]);
        if (wrong >= 0) run.fail(`in ${conversation} ${log[wrong]} should be ${whole[wrong]}`);
      }
      run.expect(messages >= acked, `${acked} were acknowledged before, and ${messages} are there`);
      run.expect(
        (await readEpoch(target.address)) !== epoch,
        'the epoch is another one afterwards',
      );
    }
    run.note('backups under load', taken.length);
    run.note('acknowledged meanwhile', crowd.history.acked);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
