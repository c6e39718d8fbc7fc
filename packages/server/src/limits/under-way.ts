import { bounds } from './bounds.ts';

interface Load {
  count: number;
  bytes: number;
}

/** Requests that have come and have no answer yet: bounded for each lane, and in all. */
export class UnderWay {
  readonly #all: Load = { count: 0, bytes: 0 };
  readonly #lanes = new Map<string, Load>();

  /** Takes a request in, of so many bytes; false when there is no room for it. */
  enter(lane: string, bytes: number): boolean {
    const load = this.#lanes.get(lane) ?? { count: 0, bytes: 0 };
    if (
      load.count >= bounds.requestsPerTenant ||
      load.bytes + bytes > bounds.requestBytesPerTenant ||
      this.#all.count >= bounds.requests ||
      this.#all.bytes + bytes > bounds.requestBytes
    ) {
      return false;
    }
    this.#lanes.set(lane, load);
    this.#add(load, 1, bytes);
    return true;
  }

  /** One that was taken in is answered. */
  leave(lane: string, bytes: number): void {
    const load = this.#lanes.get(lane);
    if (load === undefined) return;
    this.#add(load, -1, -bytes);
    if (load.count === 0) this.#lanes.delete(lane);
  }

  #add(load: Load, count: number, bytes: number): void {
    for (const each of [load, this.#all]) {
      each.count += count;
      each.bytes += bytes;
    }
  }
}
