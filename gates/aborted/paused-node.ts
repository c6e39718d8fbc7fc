import { newId } from '@parley/protocol';
import { Crowd } from '../history/crowd.ts';
import { pause } from '../history/talk.ts';
import { startPairs } from '../kit/pair.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';

/** Longer than a transaction may stand open. */
const pausedMs = 6_500;
/** Whoever shares nothing with the paused node hardly notices. */
const othersMs = 2_000;
/** A conversation that it holds is free again by then: 5 s, and what a busy machine needs. */
const stalledMs = 8_000;

/**
 * A node stands still, in the middle of transactions: what it holds waits, and nobody else does.
 *
 * The first node is under load and is paused; on the second one another tenant talks.
 */
export async function checkPausedNode(run: Run, topology: Topology, rounds: number): Promise<void> {
  const [paused, healthy] = topology.nodes;
  if (paused === undefined || healthy === undefined) throw new Error('two nodes are needed');
  const crowd = await Crowd.gather(
    run,
    { ...topology, socketUrl: paused.socketUrl, nodes: [paused] },
    { conversations: 4, publishers: { raw: 30, sdk: 0 }, readers: { raw: 1, sdk: 0 } },
  );
  const others = await topology.tenant();
  const neighbours = await startPairs(healthy, [
    { tenant: others, name: 'pair0', everyMs: 50 },
    { tenant: others, name: 'pair1', everyMs: 50 },
  ]);
  crowd.begin();
  const stalls: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await pause(run.random.between(300, 1_000));
    paused.pause();
    try {
      stalls.push(...(await sendEverywhere(crowd, healthy)));
      await pause(Math.max(0, pausedMs - Math.max(...stalls)));
    } finally {
      paused.resume();
    }
  }
  const { sent, lost, doubled, outOfOrder, faults, delays } = await neighbours.stop();
  run.note('others: p99 while a node is paused, ms', delays.p99);
  run.note('slowest send into a conversation of the paused node, ms', Math.max(...stalls));
  run.expect(sent > 0 && lost + doubled + outOfOrder === 0, `others lost ${lost} of ${sent}`);
  for (const fault of faults) run.fail(`another tenant heard: ${fault}`);
  run.expect(delays.max <= othersMs, `another tenant waited ${delays.max} ms`);
  run.expect(Math.max(...stalls) <= stalledMs, `a conversation stalled for ${stalls} ms`);
  await crowd.finish();
}

const givenUpMs = 60_000;

/** Sends into each conversation by another node; answers how long it took until it was stored. */
function sendEverywhere(crowd: Crowd, node: Topology['nodes'][number]): Promise<number[]> {
  const { history, conversations, tenant } = crowd;
  return Promise.all(
    conversations.map(async (conversation) => {
      const began = performance.now();
      const message = { id: newId(), body: 'by the other node' };
      while (performance.now() - began < givenUpMs) {
        const op = history.nextOp();
        history.record({ type: 'invoke', op, user: 'owner', conversation, ...message });
        const { status, body } = await node.call(
          'POST',
          `/v1/conversations/${conversation}/messages`,
          { bearer: tenant.token('owner'), body: message },
        );
        if (status < 300) {
          history.record({ type: 'ok', op, seq: numberAt(body, 'seq') });
          return performance.now() - began;
        }
        history.record({ type: 'info', op, why: String(status) });
        await pause(100);
      }
      throw new Error(`${conversation} took no message for ${givenUpMs} ms`);
    }),
  );
}

function numberAt(body: unknown, name: string): number {
  return typeof body === 'object' && body !== null && name in body
    ? Number(Object.entries(body).find(([key]) => key === name)?.[1])
    : Number.NaN;
}
