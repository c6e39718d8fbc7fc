import type { Connect, TransportEvents } from '../transport/transport.ts';

/** Whoever answers at the other end of a line. */
export interface FakePeer {
  opened(line: FakeLine): void;
  frame(line: FakeLine, text: string): void;
  closed(line: FakeLine): void;
}

/** One line of the network: frames wait in both directions until they are let through. */
export class FakeLine {
  readonly toServer: string[] = [];
  readonly toClient: string[] = [];
  readonly #events: TransportEvents;
  readonly #peer: FakePeer;
  #state: 'opening' | 'open' | 'closed' = 'opening';

  constructor(events: TransportEvents, peer: FakePeer) {
    this.#events = events;
    this.#peer = peer;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  open(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.#peer.opened(this);
    this.#events.opened();
  }

  /** Lets the oldest frame through; returns whether there was one. */
  letToServer(): boolean {
    const text = this.#state === 'open' ? this.toServer.shift() : undefined;
    if (text !== undefined) this.#peer.frame(this, text);
    return text !== undefined;
  }

  letToClient(): boolean {
    const text = this.#state === 'open' ? this.toClient.shift() : undefined;
    if (text !== undefined) this.#events.frame(text);
    return text !== undefined;
  }

  /** The line breaks, or the server closes it: what was under way is lost. */
  cut(code = 1006, reason = ''): void {
    if (!this.#end()) return;
    this.#events.closed(code, reason);
  }

  /** The client has closed it. */
  leave(): void {
    this.#end();
  }

  #end(): boolean {
    if (this.#state === 'closed') return false;
    this.#state = 'closed';
    this.toServer.length = 0;
    this.toClient.length = 0;
    this.#peer.closed(this);
    return true;
  }
}

/** A network in which every frame waits for the test to let it through. */
export class FakeNetwork {
  readonly lines: FakeLine[] = [];
  /** Whether lines open and frames pass by themselves when `flow` is called. */
  isDown = false;
  readonly #peer: FakePeer;

  constructor(peer: FakePeer) {
    this.#peer = peer;
  }

  readonly connect: Connect = (_address, events) => {
    const line = new FakeLine(events, this.#peer);
    this.lines.push(line);
    return {
      send: (text) => {
        if (!line.isClosed) line.toServer.push(text);
      },
      close: () => line.leave(),
    };
  };

  get line(): FakeLine | undefined {
    return this.lines.findLast((line) => !line.isClosed);
  }

  /** Lets everything through that waits; returns whether there was anything. */
  flow(): boolean {
    let moved = false;
    for (const line of this.lines.filter((one) => !one.isClosed)) {
      if (this.isDown) continue;
      line.open();
      while (line.letToServer() || line.letToClient()) moved = true;
    }
    return moved;
  }
}
