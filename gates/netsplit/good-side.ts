import { newId } from '@parley/protocol';
import { pause } from '../history/talk.ts';
import { textAt } from '../kit/http-call.ts';
import type { Tenant } from '../kit/tenant.ts';
import type { Topology } from '../kit/topology.ts';

const everyMs = 100;
/** One question that was swallowed is given up after 30 s; the next one has to be answered. */
const backMs = 45_000;

type Node = Topology['nodes'][number];

/**
 * People on every node who send all the time, each in a conversation of their own.
 *
 * What they wait for counts while none of their node's lines is harmed: that is the good side. A node
 * whose harm is over belongs to it again with the first message that it takes.
 */
export class GoodSide {
  /** Milliseconds that sends of the good side took. */
  readonly waits: number[] = [];
  /** Sends of the good side that were not taken. */
  readonly refusals: string[] = [];
  /** Milliseconds until a node took messages again. */
  readonly recoveries: number[] = [];
  readonly #harmed = new Map<number, number>();
  /** Nodes that have taken nothing since their harm was over, and when that was. */
  readonly #recovering = new Map<number, number>();
  readonly #loops: Promise<void>[];
  #over = false;

  static async start(topology: Topology): Promise<GoodSide> {
    const names = topology.nodes.map(({ index }) => `good-${index}`);
    const tenant = await topology.tenant(['other', ...names]);
    const conversations: string[] = [];
    for (const name of names) {
      const { body } = await topology.call('POST', '/v1/conversations', {
        bearer: tenant.token(name),
        body: { kind: 'direct', members: ['other'] },
      });
      conversations.push(textAt(body, 'conversation.id'));
    }
    return new GoodSide(topology, tenant, conversations);
  }

  private constructor(topology: Topology, tenant: Tenant, conversations: readonly string[]) {
    this.#loops = topology.nodes.map((node, index) =>
      this.#talk(node, tenant.token(`good-${index}`), conversations[index] ?? ''),
    );
  }

  /** These nodes are not on the good side while the work goes on. */
  async without(nodes: readonly number[], work: () => Promise<void>): Promise<void> {
    const count = (by: number) => {
      for (const node of nodes) this.#harmed.set(node, (this.#harmed.get(node) ?? 0) + by);
    };
    count(1);
    try {
      await work();
    } finally {
      count(-1);
      for (const node of nodes) this.#recovering.set(node, performance.now());
    }
  }

  /** Ends it; a node that was healed has to take messages again before that. */
  async stop(): Promise<void> {
    const until = performance.now() + backMs;
    while (this.#recovering.size > 0 && performance.now() < until) await pause(everyMs);
    for (const node of this.#recovering.keys()) {
      this.refusals.push(`node ${node} was healed and takes nothing, ${backMs} ms later`);
    }
    this.#over = true;
    await Promise.all(this.#loops);
  }

  async #talk(node: Node, bearer: string, conversation: string): Promise<void> {
    while (!this.#over) {
      const [began, wasGood] = [performance.now(), this.#isGood(node)];
      const path = `/v1/conversations/${conversation}/messages`;
      const body = { id: newId(), body: 'on the good side' };
      const answer = await node.call('POST', path, { bearer, body }).catch(String);
      const taken = typeof answer !== 'string' && answer.status === 201;
      if (taken) this.#recovered(node, began);
      if (wasGood && this.#isGood(node)) {
        const what = typeof answer === 'string' ? answer : `${answer.status} ${answer.text}`;
        if (taken) {
          this.waits.push(performance.now() - began);
        } else {
          this.refusals.push(`a send by node ${node.index} was answered with ${what}`);
        }
      }
      await pause(everyMs);
    }
  }

  #isGood({ index }: Node): boolean {
    return (this.#harmed.get(index) ?? 0) === 0 && !this.#recovering.has(index);
  }

  #recovered({ index }: Node, sentAt: number): void {
    const since = this.#recovering.get(index);
    if (since === undefined || since > sentAt) return;
    this.#recovering.delete(index);
    this.recoveries.push(performance.now() - since);
  }
}
