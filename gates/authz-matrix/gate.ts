import { commands, isCommandType } from '@parley/protocol';
import type { Gate } from '../kit/gate.ts';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import { Canaries } from './canaries.ts';
import { type Cell, outcomeOf } from './cell.ts';
import { checkDeadCredentials } from './dead-credentials.ts';
import { checkHttp } from './http-matrix.ts';
import { Line } from './line.ts';
import type { Directory } from './outcomes.ts';
import { type Actor, actors, people } from './people.ts';
import { socketCells } from './socket-cells.ts';
import { checkUntouched } from './untouched.ts';
import { makeWorld, type World } from './world.ts';

const directories: readonly Directory[] = ['all', 'shared', 'none'];
/** Commands that ask the directory: only these run again for its other settings. */
const askDirectory = [
  'conversation.create',
  'member.add',
  'user.search',
  'user.get',
  'presence.watch',
  'block.add',
];

/** Every command and operation, by everybody, about everything: nobody gets what is not theirs. */
export const gate: Gate = {
  name: 'authz-matrix',
  promise:
    'nobody gets or does what is not theirs, and what is not theirs looks as if it were not there',
  unit: 'leaks and wrong answers',
  target: 0,
  async run(run) {
    await using server = await run.install({ PARLEY_RATE_SCALE: '0' });
    const rounds = run.sized({ ci: 1, full: 3 });
    let cells = 0;
    for (let round = 0; round < rounds; round++) {
      for (const directory of directories) {
        await run.part(`sockets-${directory}`, async () => {
          cells += await checkSockets(run, server, directory);
        });
      }
      await run.part('http', async () => {
        cells += await checkHttp(run, server);
      });
      await run.part('dead-credentials', async () => {
        cells += await checkDeadCredentials(run, server);
      });
    }
    run.note('cells', cells);
    run.note('rounds', rounds);
    run.note('commands', Object.keys(commands).length);
    return run.failures.length;
  },
};

async function checkSockets(run: Run, server: Installed, directory: Directory): Promise<number> {
  const world = await makeWorld(run, server);
  for (const { id, apiKey } of [world.acme, world.rival]) {
    await server.call('PATCH', `/v1/tenants/${id}`, { bearer: apiKey, body: { directory } });
  }
  const lines = await openLines(server, world);
  const types = directory === 'all' ? Object.keys(socketCells) : askDirectory;
  const cells = types.filter(isCommandType).flatMap((type) => socketCells[type](world, directory));
  const canaries = new Canaries(world);
  const shuffled = run.random.shuffled(cells);
  for (const cell of [
    ...shuffled.filter((one) => one.last !== true),
    ...shuffled.filter((one) => one.last === true),
  ]) {
    await check(run, world, lines[cell.actor], cell);
    canaries.check(run, cell.actor, lines[cell.actor].take());
  }
  for (const actor of actors) canaries.check(run, actor, lines[actor].take());
  await Promise.all(actors.map((actor) => lines[actor].close()));
  await world.close();
  await checkUntouched(run, server, world);
  return cells.length;
}

async function openLines(server: Installed, world: World): Promise<Readonly<Record<Actor, Line>>> {
  const open = async (actor: Actor) => {
    const { tenant, id } = people[actor];
    return [actor, await Line.open(server.socketUrl, world[tenant].token(id))] as const;
  };
  // Made of every actor's name, just above.
  return Object.fromEntries(await Promise.all(actors.map(open))) as Record<Actor, Line>;
}

async function check(run: Run, world: World, line: Line, cell: Cell): Promise<void> {
  const where = `${cell.action} by ${cell.actor}: ${cell.target}`;
  const group = cell.fresh === true ? await world.freshGroup() : '';
  const answer = await line.ask(cell.frame(group));
  const outcome = outcomeOf(answer);
  run.expect(
    outcome === cell.expected,
    `${where}: ${outcome} instead of ${cell.expected} (${answer.slice(0, 200)})`,
  );
  if (cell.twin !== undefined) {
    const twin = await line.ask(cell.twin);
    run.expect(twin === answer, `${where}: differs from what does not exist: ${answer} / ${twin}`);
  }
  const fault = outcome === 'ok' ? cell.fault?.(answer) : undefined;
  if (fault !== undefined) run.fail(`${where}: ${fault}`);
  if (outcome === 'ok' && cell.undo !== undefined) await line.ask(cell.undo);
}
