import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { newId } from '@parley/protocol';
import { audit, postmasterOf } from './audit.ts';
import { cpuOf } from './cpu.ts';
import type { Groups, Peer } from './peer.ts';

const program = fileURLToPath(new URL('../floor/main.ts', import.meta.url));

/** Starts the floor (see floor/floor-server.ts) with its data in this folder. */
export async function startFloorPeer(dataDir: string, groups: Groups): Promise<Peer> {
  const child = fork(program, [dataDir], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const ended = once(child, 'exit');
  const [{ port }] = await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error('The floor did not start.'))),
  ]);
  const postmaster = await postmasterOf(dataDir);
  return {
    name: 'floor',
    port,
    people: Array.from({ length: groups.conversations }, () => newId()).flatMap((conversation) =>
      Array.from({ length: groups.people }, (_, i) => ({
        conversation,
        token: `person-${i} ${conversation}`,
      })),
    ),
    cpu: () => cpuOf(child.pid ?? 0, postmaster),
    groups: async () => undefined,
    audit: () => audit(dataDir),
    async stop() {
      child.disconnect();
      await ended;
    },
  };
}
