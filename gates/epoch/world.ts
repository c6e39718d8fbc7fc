import { newId } from '@parley/protocol';
import { pause } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';
import type { Person, Tenant } from '../kit/tenant.ts';
import type { Topology } from '../kit/topology.ts';
import { type Device, expectSame, openDevice } from './crowd-of-devices.ts';

interface Counts {
  readonly devices: number;
  readonly raw: number;
  readonly messages: number;
}

/** What a bare client knows, as it tells `sync`. */
interface Known {
  readonly epoch: string;
  readonly me: number;
  readonly known: Record<string, { version: number; last_seq: number }>;
}

/** People with the real SDK and with bare sockets, in conversations where somebody writes. */
export class World implements AsyncDisposable {
  readonly #run: Run;
  readonly #topology: Topology;
  readonly tenant: Tenant;
  readonly conversations: readonly string[];
  readonly #devices: Device[] = [];
  readonly #known: Known[] = [];

  static async make(run: Run, topology: Topology, counts: Counts): Promise<World> {
    const tenant = await topology.tenant(['ann', 'bob']);
    const conversations = Array.from({ length: 3 }, () => newId());
    await insist(tenant, 'ann', async (ann) => {
      for (const conversation of conversations) {
        await ann.ask('conversation.create', {
          kind: 'group',
          conversation,
          name: 'Group',
          members: ['bob'],
        });
      }
    });
    const world = new World(run, topology, tenant, conversations);
    await world.write('kept', counts.messages);
    const place = { tenant, sockets: [topology.socketUrl], conversations };
    for (let n = 0; n < counts.devices; n += 1) world.#devices.push(openDevice(run, place, 'bob'));
    for (let n = 0; n < counts.raw; n += 1) world.#known.push(await world.learn());
    return world;
  }

  private constructor(
    run: Run,
    topology: Topology,
    tenant: Tenant,
    conversations: readonly string[],
  ) {
    this.#run = run;
    this.#topology = topology;
    this.tenant = tenant;
    this.conversations = conversations;
  }

  /** How many clients there are. */
  get clients(): number {
    return this.#devices.length + this.#known.length;
  }

  /** Ann writes this often in every conversation. */
  async write(text: string, times: number): Promise<void> {
    const messages = Array.from({ length: times }, (_, n) =>
      this.conversations.map((conversation) => ({
        conversation,
        message: { id: newId(), body: `${text} ${n + 1}` },
      })),
    );
    await insist(this.tenant, 'ann', async (ann) => {
      for (const each of messages) {
        await Promise.all(each.map((message) => ann.ask('message.send', message)));
      }
    });
  }

  /** Every second device is switched off, or all of them on. */
  switchOff(): void {
    for (const [n, { client }] of this.#devices.entries()) if (n % 2 === 0) client.disconnect();
  }

  switchOn(): void {
    for (const { client } of this.#devices) client.connect();
  }

  /** Everybody sees what is; `messages` in each conversation, at least. */
  async converge(messages: number): Promise<void> {
    const place = {
      tenant: this.tenant,
      sockets: [this.#topology.socketUrl],
      conversations: this.conversations,
    };
    await expectSame(this.#run, place, this.#devices, messages);
  }

  /** What a bare client that came now would know. */
  async learn(): Promise<Known> {
    return this.asBob(async (bob) => {
      const { epoch, me } = bob.hello;
      const { conversations } = await bob.ask('conversation.list', {});
      const known = Object.fromEntries(
        conversations.map(({ id, version, last_seq }) => [id, { version, last_seq }]),
      );
      return { epoch, me, known };
    });
  }

  /** Bare clients learn what there is now. */
  async learnAgain(): Promise<void> {
    const now = await this.learn();
    this.#known.fill(now);
  }

  /** Every bare client asks from what it knew: all of it has to be reset. */
  async expectReset(why: string): Promise<void> {
    for (const known of this.#known) await this.expectResetOf(known, why);
  }

  /** This client, whatever it knows. */
  async expectResetOf(known: Known, why: string): Promise<void> {
    const answer = await this.asBob((bob) => bob.ask('sync', known));
    const silent = answer.conversations.filter(({ reset }) => !reset);
    const told = answer.conversations.length + answer.removed.length;
    this.#run.expect(
      silent.length === 0 && told === Object.keys(known.known).length,
      `${why}: ${silent.length} of ${told} conversations go on without a word`,
    );
  }

  /** Does this on a bare socket of Bob's. */
  asBob<Result>(work: (bob: Person) => Promise<Result>): Promise<Result> {
    return insist(this.tenant, 'bob', work);
  }

  /** Everybody's line is lost; they come back by themselves. */
  cutLines(): void {
    for (const device of this.#devices) device.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#devices) client.disconnect();
    await Promise.resolve();
  }
}

const patienceMs = 20_000;

/** Does something on a new socket, and again while nodes come back or start everybody over. */
async function insist<Result>(
  tenant: Tenant,
  user: string,
  work: (person: Person) => Promise<Result>,
): Promise<Result> {
  for (const until = performance.now() + patienceMs; ; ) {
    try {
      const person = await tenant.connect(user);
      try {
        return await work(person);
      } finally {
        person.terminate();
      }
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(100);
    }
  }
}
