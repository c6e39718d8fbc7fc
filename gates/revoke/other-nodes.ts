import { newId } from '@parley/protocol';
import type { TestSocket } from '../../packages/server/src/testing/test-socket.ts';
import { percentilesOf } from '../kit/percentiles.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { type Act, acts, open, type Scene, signWithNewKey } from './acts.ts';

/** Sockets of the victim on each of the other nodes. */
const socketsEach = 3;
const sayMs = 25;
const patienceMs = 10_000;

interface OtherNodes {
  readonly rounds: number;
  /** Until a socket at another node is closed, or hears nothing more; in ms. */
  readonly withinMs: number;
}

/** Access that ends at one node ends at the others; answers how long each socket stayed open. */
export async function checkOtherNodes(
  run: Run,
  cluster: Topology,
  { rounds, withinMs }: OtherNodes,
): Promise<number[]> {
  const closings: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Each has a tenant of its own.
    const all = await Promise.all(acts.map((act) => tryAct(run, cluster, act, withinMs)));
    closings.push(...all.flat());
  }
  return closings;
}

async function tryAct(run: Run, cluster: Topology, act: Act, withinMs: number): Promise<number[]> {
  const [here, ...others] = cluster.nodes;
  if (here === undefined) throw new Error('no node');
  const tenant = await cluster.tenant(['olga', 'vic']);
  const owner = await open(here, tenant.token('olga'));
  const { kid, token } = await signWithNewKey(here, tenant, 'vic');
  const { conversation } = await owner.ask('conversation.create', {
    kind: 'group',
    members: ['vic'],
  });
  const scene: Scene = {
    server: here,
    tenant,
    owner,
    group: conversation.id,
    victim: 'vic',
    token,
    kid,
  };
  const sockets = await Promise.all(
    others.flatMap((node) => Array.from({ length: socketsEach }, () => open(node, token))),
  );
  const talk = new Talk(owner, conversation.id);
  let acknowledged = Number.POSITIVE_INFINITY;
  const closing = sockets.map((socket) =>
    socket.closed.then(({ code }) => {
      const isSo = act.code === undefined || code === act.code;
      run.expect(isSo, `${act.name}, another node: closed with ${code}`);
      return Math.max(0, performance.now() - acknowledged);
    }),
  );
  await act.run(scene);
  acknowledged = performance.now();
  // Whoever was removed hears nothing that came after it, wherever; the others until they are closed.
  const graceMs = act.ends === 'place' ? 0 : withinMs;
  await pause(withinMs + 300);
  await talk.stop();
  await pause(200);
  const late = talk.said.filter(({ at }) => at > acknowledged + graceMs).map(({ id }) => id);
  for (const socket of sockets) {
    const told = socket.events.some(
      (event) => event.event === 'message.created' && late.includes(event.message.id),
    );
    run.expect(!told, `${act.name}, another node: told of what came afterwards`);
  }
  const times = act.code === undefined ? [] : await Promise.all(closing.map(withPatience));
  run.expect(!times.includes(null), `${act.name}, another node: a socket is still open`);
  for (const socket of sockets) socket.terminate();
  owner.terminate();
  return times.filter((time): time is number => time !== null);
}

/** Says something all the time; a tenant that is suspended says nothing more. */
class Talk {
  readonly said: { readonly id: string; readonly at: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #underWay: Promise<unknown>[] = [];

  constructor(socket: TestSocket, conversation: string) {
    this.#timer = setInterval(() => {
      const [id, at] = [newId(), performance.now()];
      const message = { id, body: 'said' };
      const saying = socket.ask('message.send', { conversation, message }).then(
        () => this.said.push({ id, at }),
        () => {},
      );
      this.#underWay.push(saying);
    }, sayMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }
}

/** The figures, and whether the slowest of a hundred was in time. */
export function noteClosings(
  run: Run,
  what: string,
  closings: readonly number[],
  withinMs: number,
): number {
  const { p50, p99, max, count } = percentilesOf(closings);
  run.note(`${what}: closed sockets`, count);
  run.note(`${what}: p50, p99 and slowest, ms`, `${[p50, p99, max].map(Math.round).join(', ')}`);
  run.expect(p99 <= withinMs, `${what}: p99 of closing: ${p99} ms`);
  return p99;
}

async function withPatience<T>(promise: Promise<T>): Promise<T | null> {
  const late = new AbortController();
  const first = await Promise.race([promise, pause(patienceMs, late.signal).then(() => null)]);
  late.abort();
  return first;
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
