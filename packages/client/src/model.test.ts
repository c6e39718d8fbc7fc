import { newId } from '@parley/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConversationSnapshot } from './snapshots.ts';
import { type FakeDevice, World } from './testing/world.ts';

const people = ['ann', 'bob', 'cy', '__proto__'] as const;
type Person = (typeof people)[number];

/** One step of a run; numbers choose among what is there. */
type Step =
  | { readonly type: 'say'; readonly by: Person; readonly at: number }
  | { readonly type: 'send' | 'read' | 'open' | 'older'; readonly at: number }
  | { readonly type: 'edit' | 'delete'; readonly at: number; readonly seq: number }
  | { readonly type: 'mark'; readonly by: Person; readonly at: number; readonly seq: number }
  | { readonly type: 'add' | 'remove'; readonly who: Person; readonly at: number }
  | { readonly type: 'block' | 'unblock'; readonly who: Person }
  | { readonly type: 'promote' | 'demote'; readonly who: Person; readonly at: number }
  | { readonly type: 'create'; readonly by: Person; readonly who: Person }
  | { readonly type: 'name' | 'more' | 'rename'; readonly at: number }
  | { readonly type: 'up' | 'down' | 'lose'; readonly count: number }
  | { readonly type: 'swap' | 'double'; readonly at: number }
  | { readonly type: 'cut' | 'repair' | 'epoch' | 'flow' }
  | { readonly type: 'pass'; readonly ms: number };

const at = fc.nat(7);
const seq = fc.nat(12);
const person = fc.constantFrom(...people);
const count = fc.integer({ min: 1, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('say'), by: person, at }) },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constantFrom('send', 'read', 'open', 'older'), at }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('edit', 'delete'), at, seq }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('mark'), by: person, at, seq }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('add', 'remove'), who: person, at }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('block', 'unblock'), who: person }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constantFrom('promote', 'demote'), who: person, at }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('create'), by: person, who: person }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('name', 'more', 'rename'), at }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('up', 'down'), count }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('lose'), count }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('swap', 'double'), at: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('cut', 'repair', 'flow') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('epoch') }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.nat(3_000) }) },
);

/** A person's client among others who act at the server; what it sent is remembered. */
class Run {
  readonly world = new World(people);
  readonly ann: FakeDevice;
  readonly sent = new Map<string, string[]>();
  readonly opened = new Map<string, () => void>();
  #lose = 0;
  #names = 0;

  constructor(seed: number) {
    let state = seed;
    this.world.random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state / 2 ** 31;
    };
    this.world.server.loses = () => this.#lose-- > 0;
    this.ann = this.world.device('ann');
  }

  async start(): Promise<void> {
    const { server } = this.world;
    for (let i = 0; i < 6; i++) {
      const id = server.create(i % 2 === 0 ? 'ann' : 'bob', i % 2 === 0 ? ['bob', 'cy'] : ['ann']);
      this.#act('bob', 'message.send', id, { body: `first of ${i}` });
      this.world.clock.sleep(1_000);
    }
    this.ann.client.connect();
    await this.world.pass(50);
  }

  async take(step: Step): Promise<void> {
    const { world, ann } = this;
    const { server } = world;
    const { line } = ann.network;
    switch (step.type) {
      case 'say':
        this.#act(step.by, 'message.send', this.#id(step.at), { body: 'says' });
        break;
      case 'send':
        this.#send(this.#id(step.at));
        break;
      case 'read': {
        const messages = ann.client.conversation(this.#id(step.at)).getSnapshot().messages;
        const stored = messages.filter((one) => one.state === 'stored');
        ann.client.conversation(this.#id(step.at)).markRead(stored.at(step.at % 3)?.seq ?? 1);
        break;
      }
      case 'open':
        this.#toggle(this.#id(step.at));
        break;
      case 'older':
        ann.client
          .conversation(this.#id(step.at))
          .loadOlder()
          .catch(() => {});
        break;
      case 'edit':
      case 'delete':
        server.edit(this.#id(step.at), step.seq, {
          body: 'edited',
          delete: step.type === 'delete',
        });
        break;
      case 'mark':
        this.#act(step.by, 'read', this.#id(step.at), { seq: step.seq });
        break;
      case 'add':
        this.#act('bob', 'member.add', this.#id(step.at), { users: [step.who] });
        break;
      case 'remove':
        if (step.who === 'bob') break;
        this.#act('bob', 'member.remove', this.#id(step.at), { user: step.who });
        break;
      case 'block':
      case 'unblock':
        if (step.who !== 'ann') {
          server.act('ann', step.type === 'block' ? 'block.add' : 'block.remove', {
            user: step.who,
          });
        }
        break;
      case 'promote':
      case 'demote': {
        const role = step.type === 'promote' ? 'admin' : 'member';
        this.#act('bob', 'member.update', this.#id(step.at), { user: step.who, role });
        break;
      }
      case 'create':
        this.#act(step.by, 'conversation.create', newId(), {
          kind: 'group',
          members: [step.who, 'bob'],
        });
        break;
      case 'name':
        this.#act('bob', 'conversation.update', this.#id(step.at), {
          name: `name ${this.#names++}`,
        });
        break;
      case 'rename':
        server.rename(people[step.at % people.length] ?? 'bob', `Person ${this.#names++}`);
        break;
      case 'more':
        ann.client.conversations.loadMore().catch(() => {});
        break;
      case 'up':
        line?.open();
        for (let i = 0; i < step.count; i++) line?.letToServer();
        break;
      case 'down':
        for (let i = 0; i < step.count; i++) line?.letToClient();
        break;
      case 'lose':
        this.#lose = step.count;
        break;
      case 'swap':
        swap(line?.toClient ?? [], step.at);
        break;
      case 'double': {
        const frame = line?.toClient[step.at];
        if (frame !== undefined && isDurable(frame)) line?.toClient.push(frame);
        break;
      }
      case 'cut':
        line?.cut();
        break;
      case 'repair':
        server.repair();
        break;
      case 'epoch':
        server.newEpoch();
        break;
      case 'flow':
        await world.flow();
        break;
      case 'pass':
        await world.clock.advance(step.ms);
        break;
    }
    // Acts a moment apart: the list's order is then that of the acts.
    await world.clock.advance(1);
  }

  /** All faults end, and everything that is under way arrives. */
  async end(): Promise<void> {
    this.#lose = 0;
    this.world.server.repair();
    await this.world.pass(60_000);
    // What it waits for must not be hidden by the heartbeat's own traffic.
    await this.world.pass(60_000);
  }

  #id(at: number): string {
    const ids = [...this.world.server.conversations.keys()];
    return ids[at % ids.length] ?? '';
  }

  #send(id: string): void {
    const sent = this.sent.get(id) ?? [];
    this.sent.set(id, sent);
    sent.push(this.ann.client.conversation(id).send(`message ${sent.length}`));
  }

  #toggle(id: string): void {
    const close = this.opened.get(id);
    if (close === undefined) this.opened.set(id, this.ann.client.conversation(id).open());
    else {
      close();
      this.opened.delete(id);
    }
  }

  /** What somebody may not do is not done. */
  #act(user: string, type: string, conversation: string, input: object): void {
    try {
      const message = { id: crypto.randomUUID(), ...input };
      const rest = type === 'message.send' ? { message } : input;
      this.world.server.act(user, type, { conversation, ...rest });
    } catch {
      // Not a member (any more).
    }
  }
}

/**
 * Durable changes may overtake each other, and a reply may; a block may overtake what was read before
 * it; the rest keeps its order.
 */
function swap(frames: string[], at: number): void {
  const [one, other] = [frames[at], frames[at + 1]];
  if (one === undefined || other === undefined) return;
  const isDelayed = isDurable(one) && (isDurable(other) || isReply(other));
  if (!isDelayed && !(isReply(one) && other.startsWith('{"event":"block.'))) return;
  frames[at] = other;
  frames[at + 1] = one;
}

function isReply(frame: string): boolean {
  return frame.startsWith('{"id"');
}

function isDurable(frame: string): boolean {
  const { event } = JSON.parse(frame);
  return typeof event === 'string' && /^(message|conversation|member)\./.test(event);
}

async function everythingLoaded(device: FakeDevice, world: World): Promise<void> {
  while (device.client.conversations.getSnapshot().hasMore) {
    void device.client.conversations.loadMore();
    await world.pass(2_000);
  }
}

function withoutLoading(snapshot: ConversationSnapshot) {
  const { messages: _, hasOlder: __, ...rest } = snapshot;
  return rest;
}

async function check(steps: readonly Step[], seed: number): Promise<void> {
  const run = new Run(seed);
  const { world, ann } = run;
  await run.start();
  for (const one of steps) await run.take(one);
  await run.end();

  const before = ann.client.conversations.getSnapshot();
  const fresh = await world.connected('ann');
  await world.pass(5_000);
  await everythingLoaded(fresh, world);
  const all = fresh.client.conversations.getSnapshot();
  // What is loaded is the top of the whole list, without holes.
  expect(before).toEqual({
    ...all,
    // The server may have said so of one that is gone since.
    hasMore: before.hasMore || before.conversations.length < all.conversations.length,
    conversations: all.conversations.slice(0, before.conversations.length),
  });
  await everythingLoaded(ann, world);
  expect(ann.client.conversations.getSnapshot()).toEqual(all);

  expect(ann.client.blocked.getSnapshot()).toEqual(fresh.client.blocked.getSnapshot());
  for (const id of run.opened.keys()) {
    const mine = ann.client.conversation(id).getSnapshot();
    fresh.client.conversation(id).open();
    await world.pass(2_000);
    const theirs = fresh.client.conversation(id).getSnapshot();
    expect(withoutLoading(mine)).toEqual(withoutLoading(theirs));
    if (mine.status === 'gone') continue;
    const stored = world.server.messages(id, 'ann').map((one) => ({ ...one, state: 'stored' }));
    expect(mine.messages.filter((one) => one.state === 'stored')).toEqual(
      stored.slice(stored.length - mine.messages.filter((one) => one.state === 'stored').length),
    );
    expect(mine.messages.length).toBeGreaterThanOrEqual(Math.min(theirs.messages.length, 4));
  }
  for (const [id, sent] of run.sent) {
    const stored = world.server.messages(id, 'ann').map((one) => one.id);
    const failed = ann.client.conversation(id).getSnapshot().messages;
    const failures = new Set(failed.filter((one) => one.state === 'failed').map((one) => one.id));
    // Each once, in the order of sending. Of what was refused because ann was no longer in it, the
    // first try may have been stored, its answer lost: then it is there, also once.
    const mine = stored.filter((one) => sent.includes(one));
    expect(mine).toEqual(sent.filter((one) => !failures.has(one) || mine.includes(one)));
    expect(failed.filter((one) => one.state === 'queued')).toEqual([]);
  }
  ann.client.disconnect();
  fresh.client.disconnect();
  expect(world.clock.alarms).toBe(0);
  expect(ann.listeners).toBe(0);
}

describe('state and events', () => {
  it('[CL2] whatever is lost, doubled, swapped or cut, the end is what a new client sees', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: Number(process.env['MODEL_STEPS'] ?? 60), size: 'max' }),
        fc.nat(),
        check,
      ),
      { numRuns: Number(process.env['MODEL_RUNS'] ?? 150), endOnFailure: false },
    );
  }, 120_000);
});
