import { newId } from '@parley/protocol';
import { checkHistory } from '../history/check-history.ts';
import { keepFindings } from '../history/crowd.ts';
import { History } from '../history/history.ts';
import { readLog } from '../history/log.ts';
import { sdkClient } from '../history/sdk-client.ts';
import { SdkReader } from '../history/sdk-reader.ts';
import { pause, type Talk } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import type { Totals } from './totals.ts';

/** How much may be said meanwhile: nothing, one answer, several, and more than `sync` catches up. */
const amounts = [0, 1, 7, 60, 190, 260, 520, 700];
const backMs = 20_000;

/** The SDK goes away, much is said, and it comes back, to another node, with what it had. */
export async function beAway(
  run: Run,
  totals: Totals,
  topology: Topology,
  times: number,
): Promise<void> {
  const tenant = await topology.tenant(['ann', 'bob']);
  const bob = await tenant.connect('bob');
  const conversation = newId();
  await bob.ask('conversation.create', { kind: 'group', conversation, members: ['ann'] });
  const history = new History();
  const sockets = topology.nodes.map(({ socketUrl }) => socketUrl);
  const talk: Talk = { history, tenant, sockets, random: () => run.random.next() };
  const { client } = sdkClient(talk, 'ann');
  const reader = new SdkReader({ history, client, reader: 'ann (SDK)', user: 'ann', conversation });
  let said = 0;
  const say = async (count: number) => {
    for (let left = count; left > 0; left -= 50) {
      const some = Array.from({ length: Math.min(left, 50) }, async () => {
        const message = { id: newId(), body: `no. ${++said}` };
        const op = history.nextOp();
        history.record({ type: 'invoke', op, user: 'bob', conversation, ...message });
        const { seq } = await bob.ask('message.send', { conversation, message });
        history.record({ type: 'ok', op, seq });
      });
      await Promise.all(some);
    }
  };
  for (let round = 0; round < times; round++) {
    await say(run.random.between(1, 5));
    if (!(await reached(reader, said))) break;
    client.disconnect();
    await say(amounts[round % amounts.length] ?? 0);
    client.connect();
    // Something happens while it comes back.
    await say(run.random.between(0, 3));
    await reached(reader, said);
    totals.cuts += 1;
  }
  reader.stop();
  client.disconnect();
  await bob.close();
  const port = topology.nodes[0]?.ownPort ?? 0;
  const bearer = tenant.token('ann');
  const logs = [await readLog({ node: 'node 0', port, conversation, bearer })];
  const findings = checkHistory(history.events, logs);
  await keepFindings(run, findings, history, logs);
  totals.found += findings.total;
}

/** Not to have come so far is for the checker to tell; going on would only take time. */
async function reached(reader: SdkReader, seq: number): Promise<boolean> {
  const deadline = performance.now() + backMs;
  while (reader.last < seq && performance.now() < deadline) await pause(5);
  return reader.last >= seq;
}
