import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../kit/run.ts';
import { urlOf } from '../restore/databases.ts';
import { demandCommand } from '../restore/run-command.ts';
import { World } from './world.ts';

/** Back to a backup, and on from there until the numbers have passed those that clients knew. */
export async function restored(run: Run): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-epoch-'));
  try {
    await using server = await run.cluster({
      nodes: run.sized({ ci: 2, full: 3 }),
      env: { PARLEY_RATE_SCALE: '0' },
    });
    const env = { DATABASE_URL: urlOf(server.address), PARLEY_OPERATOR_KEY: server.operatorKey };
    const file = join(folder, 'before.backup');
    await using world = await World.make(run, server, {
      devices: run.sized({ ci: 10, full: 150 }),
      raw: run.sized({ ci: 10, full: 500 }),
      messages: 10,
    });
    await demandCommand(['backup', file], env);
    await world.write('undone', 5);
    await world.converge(15);
    await world.learnAgain();
    world.switchOff();
    for (const node of server.nodes) await node.kill('SIGTERM');
    await demandCommand(['restore', file, '--replace'], env);
    for (const node of server.nodes) await node.restart();
    await world.write('new', 9);
    world.switchOn();
    await world.expectReset('after a restore');
    await world.converge(19);
    run.note('clients of a restored database', world.clients);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
