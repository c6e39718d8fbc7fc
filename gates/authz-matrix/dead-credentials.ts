import { commands, isCommandType } from '@parley/protocol';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import { outcomeOf } from './cell.ts';
import { makeDead } from './credentials.ts';
import { Line } from './line.ts';
import { socketCells } from './socket-cells.ts';
import { makeWorld } from './world.ts';

/** Whoever shows something that is no good gets the same few bytes for every command. */
export async function checkDeadCredentials(run: Run, server: Installed): Promise<number> {
  const world = await makeWorld(run, server);
  let cells = 0;
  const refusals = new Set<string>();
  for (const { why, bearer } of await makeDead(server, world)) {
    const line = await Line.open(server.socketUrl);
    const refusal = await line.ask({ type: 'hello', token: bearer });
    run.expect(outcomeOf(refusal) === 'unauthorized', `hello with ${why}: ${refusal}`);
    refusals.add(refusal);
    await line.close();
    cells++;
  }
  run.expect(refusals.size === 1, `refusals differ: ${[...refusals].join(' / ')}`);
  for (const type of Object.keys(commands).filter(isCommandType)) {
    if (type === 'hello') continue;
    const line = await Line.open(server.socketUrl);
    for (const cell of socketCells[type](world, 'all').slice(0, 1)) {
      const answer = await line.ask(cell.frame(world.conversations.group));
      run.expect(outcomeOf(answer) === 'hello_first', `${type} before hello: ${answer}`);
      cells++;
    }
    await line.close();
  }
  await world.close();
  return cells;
}
