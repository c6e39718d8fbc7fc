import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkBackup } from '../../packages/server/src/backup/read-backup.ts';
import type { Run } from '../kit/run.ts';
import { differences, readContents } from './contents.ts';
import { urlOf } from './databases.ts';
import { fillMessages } from './fill.ts';
import { demandCommand, runCommand } from './run-command.ts';

/** One bit, one byte more or less, anywhere in a backup: it is refused, and nothing is touched. */
export async function damaged(run: Run): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-damaged-'));
  try {
    await using server = await run.cluster({ nodes: 1 });
    const tenant = await server.tenant(['ann', 'bob']);
    await fillMessages(run, server.address, tenant.id, 2_000);
    const env = { DATABASE_URL: urlOf(server.address), PARLEY_OPERATOR_KEY: server.operatorKey };
    const good = join(folder, 'good.backup');
    await demandCommand(['backup', good], env);
    for (const node of server.nodes) await node.kill('SIGTERM');
    const content = await readFile(good);
    const before = await readContents(server.address);
    const bad = join(folder, 'bad.backup');
    const tries = run.sized({ ci: 400, full: 20_000 });
    for (let n = 0; n < tries; n += 1) {
      const [what, changed] = damage(run, content);
      await writeFile(bad, changed);
      const isAccepted = await checkBackup(bad).then(
        () => true,
        () => false,
      );
      if (isAccepted) run.fail(`a backup with ${what} was taken for a good one`);
      if (n >= 3) continue;
      // The whole way, a few times.
      const { code, said } = await runCommand(['restore', bad, '--replace'], { env });
      run.expect(
        code === 1 && said.includes('damaged'),
        `${what} is refused, not ${code}: ${said}`,
      );
    }
    for (const one of differences(before, await readContents(server.address))) {
      run.fail(`refused, and something was changed: ${one}`);
    }
    run.note('damaged backups', tries);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function damage(run: Run, content: Buffer): readonly [string, Buffer] {
  const at = Math.floor(run.random.next() * content.length);
  switch (run.random.pick(['bit', 'bit', 'bit', 'cut', 'more', 'without'] as const)) {
    case 'bit': {
      const changed = Buffer.from(content);
      const bit = Math.floor(run.random.next() * 8);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      return [`bit ${bit} of byte ${at} changed`, changed];
    }
    case 'cut':
      return [`only its first ${at} bytes`, content.subarray(0, at)];
    case 'more':
      return ['a byte more', Buffer.concat([content, Buffer.of(at & 0xff)])];
    case 'without': {
      const end = Math.min(at + 512, content.length);
      return [
        `the bytes ${at} to ${end} missing`,
        Buffer.concat([content.subarray(0, at), content.subarray(end)]),
      ];
    }
  }
}
