import { ParleyError } from '@parley/protocol';
import fc from 'fast-check';
import type { Client } from 'pg';
import {
  type Act,
  anyAct,
  beginning,
  people,
  performAct,
} from '../../packages/client/tests/folding/acts.ts';
import { BusyMachine } from '../kit/busy-machine.ts';
import type { Run } from '../kit/run.ts';
import type { Person, Tenant } from '../kit/tenant.ts';
import type { Topology } from '../kit/topology.ts';
import { withDatabase } from '../kit/with-database.ts';
import { editMessage } from './edit-message.ts';
import { rename } from './every-event.ts';
import { compareScreens, Watcher } from './watcher.ts';

/** What people do, and what only a later version of the server will let them do. */
type FoldAct =
  | Act
  | { readonly type: 'edit'; readonly in: number; readonly back: number; readonly body: string };

const anyFoldAct: fc.Arbitrary<FoldAct> = fc.oneof(
  { weight: 12, arbitrary: anyAct },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('edit' as const),
      in: fc.nat(5),
      back: fc.nat(3),
      body: fc.string({ minLength: 1, maxLength: 8 }).map((text) => `edited ${text}`),
    }),
  },
);

/** Screens are the same this soon after the last act, also where the bus lost all of it. */
const convergeMs = 2_000;
/** Screens that are later are late; those that are not the same by then differ. */
const differMs = 8_000;
/** What acts may be answered with. */
const refusals: ReadonlySet<string> = new Set(['not_found', 'not_allowed', 'bad_request']);

/** Lets people do anything in any order, each at any node, and compares ann's screen with a new one. */
export async function foldSequences(run: Run, topology: Topology, runs: number): Promise<number> {
  let slowest = 0;
  const machine = new BusyMachine();
  const sequences = (session: Client) =>
    fc.check(
      fc.asyncProperty(
        fc.array(anyFoldAct, { minLength: 6, maxLength: 20, size: 'max' }),
        async (acts) => {
          slowest = Math.max(slowest, await foldOnce(run, topology, session, acts));
        },
      ),
      { numRuns: runs, seed: run.seed, endOnFailure: run.size === 'ci' },
    );
  const details = await machine.during(() => withDatabase(topology.address, sequences));
  run.note(`slowest convergence of sequences in ms, ${topology.kind}`, slowest);
  if (!details.failed) {
    const isSoon = slowest <= convergeMs * machine.stretch;
    run.expect(isSoon, `screens were the same after ${Math.round(slowest)} ms only`);
    return isSoon ? 0 : 1;
  }
  const why = details.errorInstance instanceof Error ? details.errorInstance.message : '';
  run.fail(`${why}\n  after ${JSON.stringify(details.counterexample)}`);
  return 1;
}

async function foldOnce(
  run: Run,
  topology: Topology,
  session: Client,
  acts: readonly FoldAct[],
): Promise<number> {
  const tenant = await topology.tenant(people);
  const sockets = topology.nodes.map(({ socketUrl }) => socketUrl);
  const random = () => run.random.next();
  const persons = await Promise.all(
    people.map((user, index) => tenant.connect(user, sockets[index % sockets.length] ?? '')),
  );
  const watching = await Watcher.open(tenant, sockets, random);
  const silent = new Set<string>();
  const conversations: string[] = [];
  try {
    for (const act of [...beginning, ...acts]) {
      await perform({ topology, tenant, session, persons, watching, conversations }, act);
      if (act.type === 'block' && act.who === 0) silent.add(people[act.by] ?? '');
      for (const id of conversations) watching.open(id);
    }
    const fresh = await Watcher.open(tenant, sockets, random);
    try {
      for (const id of conversations) fresh.open(id);
      await fresh.settled();
      const compared = await compareScreens(watching, fresh, silent, differMs);
      if ('difference' in compared) throw new Error(compared.difference);
      return compared.ms;
    } finally {
      fresh.close();
    }
  } finally {
    watching.close();
    for (const person of persons) person.terminate();
  }
}

interface Scene {
  readonly topology: Topology;
  readonly tenant: Tenant;
  readonly session: Client;
  readonly persons: readonly Person[];
  readonly watching: Watcher;
  readonly conversations: string[];
}

async function perform(scene: Scene, act: FoldAct): Promise<void> {
  const { topology, tenant, session, persons, watching, conversations } = scene;
  if (act.type === 'cut') {
    watching.cut();
    return;
  }
  if (act.type === 'profile') {
    await rename(topology, tenant, people[act.who] ?? '', act.name.trim());
    return;
  }
  if (act.type === 'edit') {
    const conversation = conversations[act.in % conversations.length] ?? '';
    const { back, body } = act;
    await editMessage(session, { tenant: tenant.id, conversation, back, body });
    return;
  }
  const person = persons[act.by];
  if (person === undefined) return;
  try {
    await performAct(person, conversations, act);
  } catch (error) {
    // What a person may not do is refused, which is an act as good as any: it must change nothing.
    if (!(error instanceof ParleyError) || !refusals.has(error.code)) throw error;
  }
}
