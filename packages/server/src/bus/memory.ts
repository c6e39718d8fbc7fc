import type { Topic } from '@parley/protocol';
import type { Bus, BusFigures, BusHandler, BusMessage } from './bus.ts';

/** The bus of a single node: publishing is a function call. */
export class MemoryBus implements Bus {
  readonly #topics = new Set<Topic>();
  #handler: BusHandler = () => {};

  onMessage(handler: BusHandler): void {
    this.#handler = handler;
  }

  /** Never calls: a subscription takes effect at once. */
  onHearing(_handler: (topics: readonly Topic[]) => void): void {}

  subscribe(topic: Topic): void {
    this.#topics.add(topic);
  }

  unsubscribe(topic: Topic): void {
    this.#topics.delete(topic);
  }

  publish(topic: Topic, messages: readonly BusMessage[]): void {
    if (this.#topics.has(topic)) this.#handler(topic, messages);
  }

  figures(): BusFigures {
    return { reachable: true, published: 0, dropped: 0, heard: 0 };
  }

  async close(): Promise<void> {
    this.#topics.clear();
  }
}
