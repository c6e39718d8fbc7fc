import { contract } from '../kit/contract.ts';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import { countSockets, names, seat, untilLeft } from './seats.ts';

const lookMs = 250;

/** Sockets whose other end vanished are found and freed; others stay, however quiet. */
export async function checkDead(run: Run, installed: Installed, count: number): Promise<void> {
  const tenant = await installed.tenant(['somebody']);
  const quiet = await seat(installed, tenant, names('quiet', 20));
  const halves = names('gone', count);
  const sockets = await seat(installed, tenant, halves);
  for (const socket of sockets) {
    socket.answersPings = false;
    socket.line.pause();
  }
  const began = performance.now();
  const before = await countSockets(installed);
  run.expect(before === quiet.length + count, `${before} sockets, before any of them was dead`);
  const freed = await untilLeft(installed, quiet.length, contract.deadMs + lookMs);
  const took = performance.now() - began;
  const left = (await countSockets(installed)) - quiet.length;
  run.expect(freed, `${left} of ${count} dead sockets are there after ${Math.round(took)} ms`);
  run.expect(
    quiet.every(({ line }) => !line.over),
    'a quiet socket was closed, too',
  );
  run.note('dead sockets', count);
  run.note('until all were freed, ms', took);
  for (const { line } of [...quiet, ...sockets]) line.destroy();
}
