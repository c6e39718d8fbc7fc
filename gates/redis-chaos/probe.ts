import { newId } from '@parley/protocol';
import { pause } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';
import type { Person } from '../kit/tenant.ts';
import type { Topology } from '../kit/topology.ts';

const sendEveryMs = 100;
const moveEveryMs = 600;
/** What has not been told by then is lost to who waits. */
const patienceMs = 10_000;

/** What somebody waited for, in milliseconds from its acknowledgement; one entry for each who waited. */
interface Waits {
  readonly messages: number[];
  readonly moves: number[];
  /** From asking to the acknowledgement. */
  readonly sends: number[];
}

/**
 * A person on each node, with a group of their own where nobody else writes; and a guest, who is let in
 * and shown out.
 *
 * Each waits for what the others do, so that it is known how late news is. In a group of several writers
 * one's own message would show what is missing before it.
 */
export class Probe {
  readonly waits: Waits = { messages: [], moves: [], sends: [] };
  readonly #run: Run;
  readonly #people: readonly Person[];
  readonly #guest: Person;
  /** By writer. */
  readonly #groups: readonly string[];
  readonly #waiting = new Set<Promise<void>>();
  readonly #loops: Promise<void>[] = [];
  #over = false;

  static async start(run: Run, { nodes, tenant: make }: Topology): Promise<Probe> {
    const names = nodes.map(({ index }) => `node${index}`);
    const tenant = await make([...names, 'guest']);
    const people = await Promise.all(
      nodes.map((node, index) => tenant.connect(`node${index}`, node.socketUrl)),
    );
    const guest = await tenant.connect('guest', nodes.at(-1)?.socketUrl);
    const groups = await Promise.all(people.map((owner) => createGroup(owner, people)));
    return new Probe(run, { people, guest, groups });
  }

  private constructor(
    run: Run,
    made: {
      readonly people: readonly Person[];
      readonly guest: Person;
      readonly groups: readonly string[];
    },
  ) {
    this.#run = run;
    this.#people = made.people;
    this.#guest = made.guest;
    this.#groups = made.groups;
    for (const index of made.people.keys()) this.#loops.push(this.#talk(index));
    this.#loops.push(this.#move());
  }

  get #owner(): { readonly owner: Person; readonly group: string } {
    const [owner] = this.#people;
    const [group] = this.#groups;
    if (owner === undefined || group === undefined) throw new Error('nobody is there');
    return { owner, group };
  }

  /** Nothing new is said; resolves when everything that was said has come, or is late. */
  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#loops);
    await Promise.all(this.#waiting);
    for (const person of this.#people) this.#checkOrder(person);
    for (const person of [...this.#people, this.#guest]) person.terminate();
  }

  async #talk(index: number): Promise<void> {
    const [writer, group] = [this.#people[index], this.#groups[index]];
    if (writer === undefined || group === undefined) return;
    // Not all of them at the same moment.
    await pause((sendEveryMs * index) / this.#people.length);
    while (!this.#over) {
      await this.#say(writer, group);
      await pause(sendEveryMs);
    }
  }

  async #say(writer: Person, conversation: string): Promise<void> {
    const id = newId();
    const arrivals = this.#people
      .filter((one) => one !== writer)
      .map((reader) =>
        reader.event('message.created', ({ message }) => message.id === id).then(now),
      );
    const asked = performance.now();
    try {
      const message = { id, body: 'said' };
      await writer.ask('message.send', { conversation, message });
    } catch (error) {
      this.#run.fail(`a send was refused: ${String(error)}`);
      return;
    }
    const acked = performance.now();
    this.waits.sends.push(acked - asked);
    for (const arrival of arrivals) {
      this.#wait(this.waits.messages, { since: acked, arrival, what: 'a message' });
    }
  }

  /** The first lets the guest in and shows them out, who is on the last node. */
  async #move(): Promise<void> {
    const { owner, group } = this.#owner;
    for (let isIn = false; !this.#over; isIn = !isIn) {
      const known = this.#guest.events.length;
      const name = isIn ? 'conversation.removed' : 'conversation.added';
      const arrival = this.#guest
        .event(name, (event) => this.#guest.events.indexOf(event) >= known)
        .then(now);
      try {
        if (isIn) {
          await owner.ask('member.remove', { conversation: group, user: 'guest' });
        } else {
          await owner.ask('member.add', { conversation: group, users: ['guest'] });
        }
      } catch (error) {
        this.#run.fail(`a change of members was refused: ${String(error)}`);
        return;
      }
      const since = performance.now();
      this.#wait(this.waits.moves, { since, arrival, what: name });
      // The next one would be taken for this one.
      await Promise.race([arrival, pause(patienceMs)]);
      await pause(moveEveryMs);
    }
  }

  #wait(
    into: number[],
    { since, arrival, what }: { since: number; arrival: Promise<number>; what: string },
  ): void {
    const waited = Promise.race([arrival, pause(patienceMs)]).then((at) => {
      this.#waiting.delete(waited);
      if (at === undefined) this.#run.fail(`${what} was not told within ${patienceMs} ms`);
      else into.push(Math.max(0, at - since));
    });
    this.#waiting.add(waited);
  }

  #checkOrder(person: Person): void {
    const lasts = new Map<string, number>();
    for (const event of person.events) {
      if (event.event !== 'message.created') continue;
      const { conversation, message } = event;
      const last = lasts.get(conversation);
      const follows = last === undefined || message.seq === last + 1;
      if (!follows) this.#run.fail(`${person.hello.user.id} was told ${message.seq} after ${last}`);
      lasts.set(conversation, message.seq);
    }
  }
}

async function createGroup(owner: Person, people: readonly Person[]): Promise<string> {
  const others = people.filter((one) => one !== owner);
  const { conversation } = await owner.ask('conversation.create', {
    kind: 'group',
    members: others.map((one) => one.hello.user.id),
  });
  for (const person of others) {
    await person.event('conversation.added', (event) => event.conversation.id === conversation.id);
  }
  return conversation.id;
}

function now(): number {
  return performance.now();
}
