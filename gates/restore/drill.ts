import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../kit/run.ts';
import { differences, readContents } from './contents.ts';
import { fillMessages } from './fill.ts';
import { demandCommand } from './run-command.ts';

/** More than an empty installation takes; Node itself has about 100 MB. */
const mostMb = 64;

/**
 * The drill: an embedded installation is backed up, lost, and brought back into a new folder.
 *
 * Answers the seconds from the beginning of the restore until the server answers.
 */
export async function drill(run: Run): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-drill-'));
  const messages = run.sized({ ci: 50_000, full: 1_000_000 });
  try {
    const file = join(folder, 'full.backup');
    await using lost = await run.embedded({ dataDir: await folderIn(folder, 'lost') });
    const tenant = await lost.tenant(['ann', 'bob']);
    const source = { PARLEY_DATA_DIR: join(folder, 'lost') };
    const small = await demandCommand(['backup', join(folder, 'empty.backup')], source);
    await fillMessages(run, lost.address, tenant.id, messages);
    const backup = await demandCommand(['backup', file], source);
    const before = await readContents(lost.address);
    await lost.nodes[0]?.kill('SIGTERM');

    const began = performance.now();
    const target = { PARLEY_DATA_DIR: await folderIn(folder, 'new') };
    const restore = await demandCommand(['restore', file], target);
    await using back = await run.embedded({ dataDir: target.PARLEY_DATA_DIR });
    const ready = await back.call('GET', '/readyz');
    run.expect(ready.status === 200, `it is ready: ${ready.status} ${ready.text}`);
    const seconds = (performance.now() - began) / 1_000;

    for (const one of differences(before, await readContents(back.address))) run.fail(one);
    const bob = tenant.token('bob');
    const list = await back.call('GET', '/v1/conversations?limit=50', { bearer: bob });
    run.expect(
      list.status === 200,
      `people sign in with what they had: ${list.status} ${list.text}`,
    );
    const more = Math.max(backup.peakMb, restore.peakMb) - small.peakMb;
    run.expect(more <= mostMb, `memory grows by ${mostMb} MB at most, not ${more.toFixed(0)} MB`);
    run.note('messages', messages);
    run.note('backup s', backup.ms / 1_000);
    run.note('backup MB', (await stat(file)).size / 1e6);
    run.note('restore s', restore.ms / 1_000);
    run.note('restore and start s', seconds);
    run.note('memory above an empty one MB', more);
    return seconds;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function folderIn(folder: string, name: string): Promise<string> {
  await chmod(folder, 0o711);
  const path = join(folder, name);
  await mkdir(path);
  return path;
}
