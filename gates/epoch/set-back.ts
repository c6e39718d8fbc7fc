import type { Run } from '../kit/run.ts';
import { withDatabase } from '../kit/with-database.ts';
import { urlOf } from '../restore/databases.ts';
import { demandCommand } from '../restore/run-command.ts';
import { World } from './world.ts';

/** The database is set back by other means, and people write on before `parley epoch` is run. */
export async function setBack(run: Run): Promise<void> {
  await using server = await run.cluster({ nodes: 2, env: { PARLEY_RATE_SCALE: '0' } });
  const env = { DATABASE_URL: urlOf(server.address), PARLEY_OPERATOR_KEY: server.operatorKey };
  await using world = await World.make(run, server, {
    devices: run.sized({ ci: 10, full: 150 }),
    raw: run.sized({ ci: 10, full: 500 }),
    messages: 15,
  });
  await world.converge(15);
  await world.learnAgain();
  world.switchOff();
  for (const node of server.nodes) await node.kill('SIGKILL');
  await withDatabase(server.address, async (session) => {
    await session.query('begin');
    await session.query('delete from message where seq > 10');
    await session.query('update conversation set last_seq = last_seq - 5, version = version - 5');
    await session.query('update member set read_seq = least(read_seq, 10), delivered_seq = 0');
    await session.query('commit');
  });
  for (const node of server.nodes) await node.restart();
  await world.write('new', 9);
  // Connected clients too, with no node started again.
  await demandCommand(['epoch'], env);
  await world.expectReset('after parley epoch');
  world.switchOn();
  await world.converge(19);
  run.note('clients of a database set back', world.clients);
}
