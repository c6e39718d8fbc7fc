import { newId } from '@parley/protocol';
import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import type { Gate } from '../kit/gate.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { withDatabase } from '../kit/with-database.ts';
import { Repeater, type Said } from './repeater.ts';

export const gate: Gate = {
  name: 'idem',
  promise:
    'a message sent again, however and whenever, is the same message; other content is refused',
  unit: 'duplicates and wrong answers',
  target: 0,
  async run(run) {
    let found = 0;
    await run.part('one node', async () => {
      await using topology = await run.cluster({ nodes: 1, env: unlimited });
      found += await repeatAll(run, topology, {
        messages: run.sized({ ci: 120, full: 20_000 }),
        crash: false,
      });
    });
    await run.part('embedded', async () => {
      await using topology = await run.embedded({ env: unlimited });
      found += await repeatAll(run, topology, {
        messages: run.sized({ ci: 700, full: 400_000 }),
        crash: true,
      });
    });
    await run.part('cluster', async () => {
      await using topology = await run.cluster({ env: unlimited });
      found += await repeatAll(run, topology, {
        messages: run.sized({ ci: 900, full: 600_000 }),
        crash: true,
      });
    });
    return found;
  },
};

const unlimited = { PARLEY_RATE_SCALE: '0' };
const sendersAtOnce = 16;
/** Messages of each sender that are sent again after a day. */
const repeatedLater = 6;

interface Work {
  readonly messages: number;
  /** Nodes are killed meanwhile. */
  readonly crash: boolean;
}

async function repeatAll(run: Run, topology: Topology, work: Work): Promise<number> {
  const plan = {
    conversations: 4,
    everywhere: true,
    publishers: { raw: sendersAtOnce, sdk: 0 },
    readers: { raw: 1, sdk: 1 },
  };
  const crowd = await Crowd.gather(run, topology, plan);
  let left = work.messages;
  const repeaters = Array.from(
    { length: sendersAtOnce },
    (_, index) => new Repeater(run, crowd.talk, topology, `writer${index}`),
  );
  const sending = Promise.all(
    repeaters.map(async (repeater) => {
      while (left-- > 0) await repeater.sendOften(run.random.pick(crowd.conversations));
    }),
  );
  if (work.crash) await crashMeanwhile(run, topology, sending);
  await sending;
  await repeatMuchLater(crowd, topology, repeaters);
  for (const repeater of repeaters) repeater.close();
  const findings = await crowd.finish();
  const wrong = repeaters.flatMap((repeater) => repeater.wrong);
  for (const what of wrong) run.fail(what);
  run.note(`messages, ${topology.kind} of ${topology.nodes.length}`, work.messages);
  run.note(`acknowledged sends, ${topology.kind} of ${topology.nodes.length}`, crowd.history.acked);
  return findings.total + wrong.length;
}

async function crashMeanwhile(
  run: Run,
  { kind, nodes }: Topology,
  sending: Promise<unknown>,
): Promise<void> {
  const done = sending.then(() => true);
  let kills = 0;
  while (!(await Promise.race([done, pause(run.random.between(500, 1_500))]))) {
    const node = run.random.pick(nodes);
    await node.kill('SIGKILL');
    await node.restart();
    kills += 1;
  }
  run.note(`kills, ${kind} of ${nodes.length}`, kills);
  run.expect(kills > 0, 'everything was sent before a node was killed');
}

/** A window of time would forget by then: the messages are made to be of yesterday, and sent again. */
async function repeatMuchLater(
  { tenant, conversations, history }: Crowd,
  { address }: Topology,
  repeaters: readonly Repeater[],
): Promise<void> {
  const { rowCount } = await withDatabase(address, (session) =>
    session.query(
      `update message set created_at = created_at - interval '25 hours' where tenant_id = $1`,
      [tenant.id],
    ),
  );
  if (rowCount === 0) throw new Error('no message is of yesterday');
  // The words that came first under an id.
  const sent = new Map<string, Said>();
  for (const event of history.events) {
    if (event.type === 'invoke' && !sent.has(event.id)) sent.set(event.id, event);
  }
  for (const repeater of repeaters) {
    const mine = [...sent.values()].filter(({ user }) => user === repeater.user);
    for (const said of mine.slice(0, repeatedLater)) await repeater.sendAgain(said);
    // An id is a conversation's own: elsewhere it names another message.
    const [here = '', there = ''] = conversations;
    const id = newId();
    for (const conversation of [here, there]) await repeater.sendAs(conversation, id, 'two places');
  }
}
