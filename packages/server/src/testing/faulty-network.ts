import type { Topic } from '@parley/protocol';
import type { Bus, BusFigures, BusHandler, BusMessage } from '../bus/bus.ts';

/** What becomes of one message on its way to another node. `hold`: it waits for `release`. */
export type Fate = 'arrive' | 'lose' | 'twice' | 'hold';

interface Travelling {
  readonly to: Node;
  readonly topic: Topic;
  readonly message: BusMessage;
}

/**
 * Buses of several nodes, with a network between them that a test makes lose, repeat and reorder.
 *
 * A node hears its own publications at once, as every bus promises.
 */
export class FaultyNetwork {
  /** Decides for each message and receiving node; everything arrives unless a test says otherwise. */
  fate: (message: BusMessage, topic: Topic) => Fate = () => 'arrive';
  readonly #nodes: Node[] = [];
  #held: Travelling[] = [];

  /** The bus of one more node. */
  node(): Bus {
    const node = new Node((topic, messages) => this.#carry(node, topic, messages));
    this.#nodes.push(node);
    return node;
  }

  /** What is held arrives now, in the order that `pick` makes of it. */
  release(pick: (held: Travelling[]) => readonly Travelling[] = (held) => held): void {
    const held = this.#held;
    this.#held = [];
    for (const { to, topic, message } of pick(held)) to.hear(topic, [message]);
  }

  #carry(from: Node, topic: Topic, messages: readonly BusMessage[]): void {
    for (const to of this.#nodes) {
      if (to === from) continue;
      for (const message of messages) this.#travel({ to, topic, message });
    }
  }

  #travel(one: Travelling): void {
    const { to, topic, message } = one;
    const fate = this.fate(message, topic);
    switch (fate) {
      case 'lose':
        return;
      case 'hold':
        this.#held.push(one);
        return;
      case 'twice':
        to.hear(topic, [message, message]);
        return;
      case 'arrive':
        to.hear(topic, [message]);
    }
  }
}

class Node implements Bus {
  readonly #topics = new Set<Topic>();
  readonly #publish: (topic: Topic, messages: readonly BusMessage[]) => void;
  #handler: BusHandler = () => {};

  constructor(publish: (topic: Topic, messages: readonly BusMessage[]) => void) {
    this.#publish = publish;
  }

  onMessage(handler: BusHandler): void {
    this.#handler = handler;
  }

  onHearing(): void {}

  subscribe(topic: Topic): void {
    this.#topics.add(topic);
  }

  unsubscribe(topic: Topic): void {
    this.#topics.delete(topic);
  }

  publish(topic: Topic, messages: readonly BusMessage[]): void {
    this.hear(topic, messages);
    this.#publish(topic, messages);
  }

  hear(topic: Topic, messages: readonly BusMessage[]): void {
    if (this.#topics.has(topic)) this.#handler(topic, messages);
  }

  figures(): BusFigures {
    return { reachable: true, published: 0, dropped: 0, heard: 0 };
  }

  async close(): Promise<void> {
    this.#topics.clear();
  }
}
