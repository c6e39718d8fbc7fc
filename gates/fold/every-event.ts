import { newId, type ServerEvent } from '@parley/protocol';
import { people } from '../../packages/client/tests/folding/acts.ts';
import { pause } from '../history/talk.ts';
import { httpCall } from '../kit/http-call.ts';
import type { Run } from '../kit/run.ts';
import type { Person, Tenant } from '../kit/tenant.ts';
import type { Topology } from '../kit/topology.ts';
import { withDatabase } from '../kit/with-database.ts';
import { editMessage } from './edit-message.ts';
import { compareScreens, Watcher } from './watcher.ts';

/** Those whose acts ann sees, each at any node. */
interface Stage {
  readonly topology: Topology;
  readonly tenant: Tenant;
  readonly ann: Person;
  readonly bob: Person;
  /** Comes when she is told to. */
  fay: Person | undefined;
  /** A group of all of them, which is bob's. */
  readonly group: string;
}

const everybody = [...people, 'fay'];

/** With a bus that may lose, everything is there after two beats of the heads at most. */
const repairMs = 4_000;

/**
 * For every event that the protocol has: an act that brings it to ann. One without an act does not
 * compile, and one that does not come is a failure.
 */
const acts: Readonly<Record<ServerEvent['event'], (stage: Stage) => Promise<void>>> = {
  'message.created': async ({ bob, group }) => {
    await bob.ask('message.send', { conversation: group, message: { id: newId(), body: 'hello' } });
  },
  'message.updated': async ({ topology, tenant, group }) => {
    const edit = { tenant: tenant.id, conversation: group, back: 0, body: 'hello, edited' };
    await withDatabase(topology.address, (session) => editMessage(session, edit));
  },
  'conversation.updated': async ({ bob, group }) => {
    await bob.ask('conversation.update', { conversation: group, name: 'renamed' });
  },
  'member.updated': async ({ bob, group }) => {
    await bob.ask('member.update', { conversation: group, user: 'cy', role: 'admin' });
  },
  'conversation.added': async ({ bob }) => {
    await bob.ask('conversation.create', { kind: 'group', members: ['ann'], name: 'another' });
  },
  'conversation.removed': async ({ bob }) => {
    const { conversation } = await bob.ask('conversation.create', {
      kind: 'group',
      members: ['ann'],
      name: 'not for long',
    });
    await bob.ask('member.remove', { conversation: conversation.id, user: 'ann' });
  },
  'block.updated': async ({ ann }) => {
    await ann.ask('block.add', { user: 'cy' });
  },
  'user.updated': async ({ topology, tenant }) => {
    await rename(topology, tenant, 'bob', 'Robert');
  },
  typing: async ({ bob, group }) => {
    for (const typing of [true, false]) {
      bob.sendRaw(JSON.stringify({ type: 'typing', conversation: group, typing }));
    }
    await bob.settled();
  },
  read: async ({ bob, group }) => {
    await bob.ask('read', { conversation: group, seq: 1 });
  },
  delivered: async ({ bob, group }) => {
    // Above the last message it counts as that one.
    await bob.ask('delivered', { marks: { [group]: 1_000 } });
  },
  // Somebody who was not there before: who goes and comes back at once is told of late, or never.
  presence: async (stage) => {
    stage.fay = await connectSomewhere(stage.topology, stage.tenant, 'fay', 1);
  },
  // Whichever node ann is at.
  drain: async ({ topology }) => {
    for (const node of topology.nodes) {
      await node.kill('SIGTERM');
      await node.restart();
    }
  },
};

/** Brings every event to ann, one after the other, and compares her screen with a new one after each. */
export async function showEveryEvent(run: Run, topology: Topology): Promise<number> {
  const stage = await setStage(topology);
  const sockets = topology.nodes.map(({ socketUrl }) => socketUrl);
  const random = () => run.random.next();
  const watching = await Watcher.open(stage.tenant, sockets, random);
  watching.watch(everybody);
  watching.open(stage.group);
  let [found, slowest] = [0, 0];
  const fail = (what: string) => {
    found += 1;
    run.fail(what);
  };
  // Drain comes last: it ends the others' connections.
  for (const event of Object.keys(acts) as (keyof typeof acts)[]) {
    await watching.settled();
    const before = watching.heard.get(event) ?? 0;
    await acts[event](stage);
    if (!(await watching.hears(event, before, repairMs))) fail(`${event} did not come`);
    const fresh = await Watcher.open(stage.tenant, sockets, random);
    fresh.watch(everybody);
    fresh.open(stage.group);
    const compared = await compareScreens(watching, fresh, new Set(), repairMs);
    fresh.close();
    if ('difference' in compared) fail(`after ${event}: ${compared.difference}`);
    else slowest = Math.max(slowest, compared.ms);
  }
  watching.close();
  for (const person of [stage.ann, stage.bob, stage.fay]) person?.terminate();
  const heard = Object.keys(acts).filter((event) => watching.heard.has(event));
  run.note(`events of ${Object.keys(acts).length}, ${topology.kind}`, heard.length);
  run.note(`slowest convergence in ms, ${topology.kind}`, slowest);
  return found;
}

async function setStage(topology: Topology): Promise<Stage> {
  const tenant = await topology.tenant(everybody);
  const [ann, bob] = await Promise.all([
    connectSomewhere(topology, tenant, 'ann', 0),
    connectSomewhere(topology, tenant, 'bob', 1),
  ]);
  const group = newId();
  await bob.ask('conversation.create', {
    kind: 'group',
    conversation: group,
    name: 'everybody',
    members: ['ann', 'cy', 'dee', 'fay'],
  });
  return { topology, tenant, ann, bob, fay: undefined, group };
}

function connectSomewhere(
  { nodes }: Topology,
  tenant: Tenant,
  user: string,
  turn: number,
): Promise<Person> {
  return tenant.connect(user, nodes[turn % nodes.length]?.socketUrl ?? '');
}

/** Gives a person another name, as the host product does. */
export async function rename(
  { nodes }: Topology,
  tenant: Tenant,
  user: string,
  name: string,
): Promise<void> {
  const port = nodes.at(-1)?.ownPort ?? 0;
  const options = { bearer: tenant.apiKey, body: { name } };
  const { status, text } = await httpCall(port, 'PUT', `/v1/users/${user}`, options);
  if (status !== 200) throw new Error(`${status} ${text}`);
  await pause(0);
}
