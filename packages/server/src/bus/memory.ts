import type { Topic } from '@parley/protocol';
import type { Bus, BusHandler, BusMessage } from './bus.ts';

/** The bus of a single node: publishing is a function call. */
export class MemoryBus implements Bus {
  readonly #topics = new Set<Topic>();
  #handler: BusHandler = () => {};

  onMessage(handler: BusHandler): void {
    this.#handler = handler;
  }

  /** Never calls: a subscription takes effect at once. */
  onHearing(): void {}

  subscribe(topic: Topic): void {
    this.#topics.add(topic);
  }

  unsubscribe(topic: Topic): void {
    this.#topics.delete(topic);
  }

  publish(topic: Topic, messages: readonly BusMessage[]): void {
    if (this.#topics.has(topic)) this.#handler(topic, messages);
  }

  async close(): Promise<void> {
    this.#topics.clear();
  }
}
