import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../kit/run.ts';
import { withDatabase } from '../kit/with-database.ts';
import { differences, readContents } from './contents.ts';
import { createBeside, urlOf } from './databases.ts';
import { fillMessages } from './fill.ts';
import { demandCommand, runCommand } from './run-command.ts';

/** kill -9 at any moment of a backup, a restore and a move: what there was stays, and again works. */
export async function killed(run: Run): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-killed-'));
  try {
    await using server = await run.cluster({ nodes: 1 });
    const tenant = await server.tenant(['ann', 'bob']);
    await fillMessages(run, server.address, tenant.id, 10_000);
    const env = { DATABASE_URL: urlOf(server.address), PARLEY_OPERATOR_KEY: server.operatorKey };
    const file = join(folder, 'one.backup');
    const whole = await demandCommand(['backup', file], env);
    for (const node of server.nodes) await node.kill('SIGTERM');
    const full = await readContents(server.address);
    const rounds = run.sized({ ci: 4, full: 60 });
    const some = (ms: number) => ms * (0.3 + 0.7 * run.random.next());
    let kills = 0;

    for (let n = 0; n < rounds; n += 1) {
      const name = `killed-${n}.backup`;
      const { code } = await runCommand(['backup', join(folder, name)], {
        env,
        killAfterMs: some(whole.ms),
      });
      if (code === undefined) kills += 1;
      const isThere = (await readdir(folder)).includes(name);
      run.expect(isThere === (code === 0), 'a backup has its name only when it is whole');
    }

    await using target = await createBeside(server.address);
    const there = { ...env, DATABASE_URL: target.url };
    const restored = await demandCommand(['restore', file], there);
    await withoutOne(target.address);
    const changed = await readContents(target.address);
    for (let n = 0; n < rounds; n += 1) {
      const { code } = await runCommand(['restore', file, '--replace'], {
        env: there,
        killAfterMs: some(restored.ms),
      });
      if (code === undefined) kills += 1;
      const now = await readContents(target.address);
      const found = differences(code === 0 ? full : changed, now);
      // Killed after the commit, before it could say so.
      const isDone = code === undefined && differences(full, now).length === 0;
      const how = code === 0 ? 'restored' : 'restore, killed in the middle';
      if (!isDone) for (const one of found) run.fail(`${how}: ${one}`);
      if (isDone || code === 0) await withoutOne(target.address);
    }

    await using moved = await createBeside(server.address);
    for (let n = 0; n < rounds; n += 1) {
      const { code } = await runCommand(['move', '--to', moved.url], {
        env,
        killAfterMs: some(restored.ms),
      });
      if (code === 0) break;
      if (code === undefined) kills += 1;
    }
    const again = await runCommand(['move', '--to', moved.url], { env });
    run.expect(
      again.code === 0 || again.said.includes('already'),
      `a move goes on after it was killed, not: ${again.said}`,
    );
    for (const one of differences(full, await readContents(moved.address))) {
      run.fail(`moved, after kills: ${one}`);
    }
    run.expect(kills >= rounds / 2, `only ${kills} commands were killed before they ended`);
    run.note('commands killed', kills);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** So that what was there before is not what is restored. */
async function withoutOne(address: Parameters<typeof readContents>[0]): Promise<void> {
  await withDatabase(address, (session) => session.query("update tenant set name = 'changed'"));
}
