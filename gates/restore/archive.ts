import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import { reservedPort } from '../kit/reserved-port.ts';
import type { Run } from '../kit/run.ts';
import { createTenant } from '../kit/tenant.ts';
import { startNode } from '../kit/topology.ts';
import { startArchivedPostgres } from './archived-postgres.ts';
import { demandCommand } from './run-command.ts';

const crowdPlan = {
  conversations: 6,
  publishers: { raw: 12, sdk: 2 },
  readers: { raw: 0, sdk: 0 },
  pauseMs: 4,
};

/**
 * The database's machine is lost while people write; it comes back from a base backup and the WAL that
 * was archived since. Nothing that was acknowledged is missing.
 */
export async function archive(run: Run): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-archive-'));
  try {
    await using postgres = await startArchivedPostgres(folder);
    const operatorKey = randomBytes(24).toString('hex');
    const port = await reservedPort();
    const env = { DATABASE_URL: postgres.url, PARLEY_OPERATOR_KEY: operatorKey };
    await using node = await startNode({
      index: 0,
      port,
      clientPort: port,
      operatorKey,
      env: { ...env, PARLEY_RATE_SCALE: '0' },
    });
    const ground = {
      socketUrl: node.socketUrl,
      nodes: [node],
      tenant: (people: readonly string[] = []) => createTenant(node, people),
    };
    const crowd = await Crowd.gather(run, ground, crowdPlan);
    crowd.begin();
    await pause(run.sized({ ci: 2_500, full: 60_000 }));
    const acked = crowd.history.acked;
    run.expect(acked > 0, 'something was acknowledged before the machine was lost');
    await postgres.lose();
    await node.kill('SIGKILL');
    const began = performance.now();
    await postgres.recover();
    await demandCommand(['epoch'], env);
    await node.restart();
    const seconds = (performance.now() - began) / 1_000;
    await pause(500);
    const findings = await crowd.finish();
    run.note('acknowledged before the loss', acked);
    run.note('lost of these', findings.total);
    run.note('recovery from the archive s', seconds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
