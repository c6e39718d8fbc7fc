import { newId } from '@parley/protocol';
import { TestSocket } from '../../packages/server/src/testing/test-socket.ts';
import type { Gate } from '../kit/gate.ts';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import { type Act, acts, open, type Scene, signWithNewKey } from './acts.ts';
import { checkBlocks } from './blocks.ts';
import { checkExpiry } from './expiry.ts';
import { checkOtherNodes, noteClosings } from './other-nodes.ts';

/** Sockets of one victim: a phone, a laptop, some tabs. */
const socketsEach = 5;
const closeTargetMs = 500;
/** At other nodes, while there is nothing that tells them. */
const withoutRedisMs = 2_000;

/** Access that ends, ends now, also on sockets that are open. */
export const gate: Gate = {
  name: 'revoke',
  promise: 'what was taken back is gone when that is acknowledged, on open sockets too',
  unit: 'ms until a socket is closed, p99',
  target: closeTargetMs,
  async run(run) {
    await using server = await run.install({ PARLEY_RATE_SCALE: '0' });
    const closings: number[] = [];
    const rounds = run.sized({ ci: 4, full: 120 });
    for (const act of acts) {
      await run.part(act.name.replaceAll(' ', '-'), async () => {
        for (let round = 0; round < rounds; round++) {
          closings.push(...(await checkAct(run, server, act)));
        }
      });
    }
    await run.part('blocks', () => checkBlocks(run, server, rounds));
    await run.part('expiry', async () => {
      closings.push(...(await checkExpiry(run, server, run.sized({ ci: 20, full: 500 }))));
    });
    await run.part('other nodes', async () => {
      await using cluster = await run.cluster({ env: { PARLEY_RATE_SCALE: '0' } });
      const rounds = run.sized({ ci: 2, full: 100 });
      const beside = await checkOtherNodes(run, cluster, { rounds, withinMs: closeTargetMs });
      noteClosings(run, 'other nodes', beside, closeTargetMs);
    });
    await run.part('other nodes without Redis', async () => {
      await using cluster = await run.cluster({ env: { PARLEY_RATE_SCALE: '0' } });
      await cluster.redis?.process.kill('SIGKILL');
      const rounds = run.sized({ ci: 1, full: 40 });
      const alone = await checkOtherNodes(run, cluster, { rounds, withinMs: withoutRedisMs });
      noteClosings(run, 'other nodes without Redis', alone, withoutRedisMs);
    });
    const p99 = quantile(closings, 0.99);
    run.note('closed sockets', closings.length);
    run.note('p50 ms', quantile(closings, 0.5));
    run.note('slowest ms', quantile(closings, 1));
    if (closings.length > 0) run.expect(p99 <= closeTargetMs, `p99 of closing: ${p99} ms`);
    return closings.length === 0 ? run.failures.length : p99;
  },
};

/** Tries an act on somebody who is busy; answers how long each socket stayed open. */
async function checkAct(run: Run, server: Installed, act: Act): Promise<number[]> {
  const scene = await setUp(server);
  const { token, owner, group } = scene;
  const sockets = await Promise.all(Array.from({ length: socketsEach }, () => open(server, token)));
  const [first] = sockets;
  if (first === undefined) throw new Error('no socket');
  await first.ask('presence.watch', { users: ['olga'] });
  await first.ask('typing', { conversation: group, typing: true });

  const talk = new Talk(owner, group);
  await talk.say();
  // Some hellos and sends are under way while it happens.
  const late = Array.from({ length: 3 }, () => lateHello(server, token));
  const pushed = sockets.map((socket) => push(socket, group));
  let acknowledged = Number.POSITIVE_INFINITY;
  const closings = sockets.map((socket) =>
    socket.closed.then(({ code }) => {
      const ended = act.code === undefined || code === act.code;
      run.expect(ended, `${act.name}: closed with ${code}`);
      return Math.max(0, performance.now() - acknowledged);
    }),
  );
  await act.run(scene);
  acknowledged = performance.now();

  // From here on nothing that is said is theirs, and nothing of theirs is stored.
  const after = act.name === 'tenant suspended' ? [] : [await talk.say(), await talk.say()];
  const attempts = await Promise.all(sockets.map((socket) => push(socket, group)));
  run.expect(!attempts.some((stored) => stored), `${act.name}: a send afterwards was stored`);
  await Promise.all(pushed);
  const times = act.code === undefined ? [] : await Promise.all(closings.map(within));
  run.expect(!times.includes(null), `${act.name}: a socket is still open`);
  for (const socket of [...sockets, ...(await Promise.all(late))]) {
    if (act.ends === 'place') await socket.settled().catch(() => {});
    else run.expect((await within(socket.closed)) !== null, `${act.name}: a late hello stays open`);
    const got = socket.events.flatMap((event) =>
      event.event === 'message.created' ? [event.message.id] : [],
    );
    run.expect(!after.some((id) => got.includes(id)), `${act.name}: told of what came afterwards`);
  }
  await checkHttp(run, act, scene);
  for (const socket of sockets) socket.terminate();
  owner.terminate();
  return times.filter((time): time is number => time !== null);
}

async function setUp(server: Installed): Promise<Scene> {
  const tenant = await server.tenant(['olga', 'vic']);
  const owner = await tenant.connect('olga');
  const { kid, token } = await signWithNewKey(server, tenant, 'vic');
  const { conversation } = await owner.ask('conversation.create', {
    kind: 'group',
    members: ['vic'],
    name: 'talk',
  });
  return { server, tenant, owner, group: conversation.id, victim: 'vic', token, kid };
}

/** Says things, one after another. */
class Talk {
  readonly #socket: TestSocket;
  readonly #conversation: string;

  constructor(socket: TestSocket, conversation: string) {
    this.#socket = socket;
    this.#conversation = conversation;
  }

  async say(): Promise<string> {
    const id = newId();
    const message = { id, body: 'said' };
    await this.#socket.ask('message.send', { conversation: this.#conversation, message });
    return id;
  }
}

/** A send; answers whether it was acknowledged. */
function push(socket: TestSocket, conversation: string): Promise<boolean> {
  const message = { id: newId(), body: 'pushed' };
  return socket.ask('message.send', { conversation, message }).then(
    () => true,
    () => false,
  );
}

async function lateHello(server: Installed, token: string): Promise<TestSocket> {
  const socket = await TestSocket.open(server.socketUrl);
  void socket.ask('hello', { token }).catch(() => {});
  return socket;
}

async function checkHttp(run: Run, act: Act, { server, token, group }: Scene): Promise<void> {
  const page = await server.call('GET', `/v1/conversations/${group}/messages`, { bearer: token });
  const expected = act.ends === 'access' ? 401 : 404;
  run.expect(page.status === expected, `${act.name}: HTTP answers ${page.status}`);
  const sent = await server.call('POST', `/v1/conversations/${group}/messages`, {
    bearer: token,
    body: { id: newId(), body: 'by another door' },
  });
  run.expect(sent.status === expected, `${act.name}: HTTP takes a message: ${sent.status}`);
}

/** What came in time, or null. */
async function within<T>(promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), 10_000);
  });
  const first = await Promise.race([promise, late]);
  clearTimeout(timer);
  return first;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}
