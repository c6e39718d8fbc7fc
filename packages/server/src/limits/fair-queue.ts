interface FairQueueOptions<T> {
  /** What an item weighs; 1 unless given. */
  readonly weightOf?: (item: T) => number;
}

interface Lane<T> {
  readonly name: string;
  items: T[];
  /** Items before this were taken. */
  head: number;
  weight: number;
  /** What it may still give, while items are taken. */
  left: number;
}

/** Taken items are cut off a lane when there are this many: not one by one, which moves the others. */
const cutAt = 1_024;
/** Empty lanes are kept up to this many: the same come again and again. */
const lanesKept = 1_024;

/**
 * A queue of several lanes that takes turns between them: first come, first served within each.
 *
 * A lane that holds thousands delays another's one item by its own share, not by all it holds.
 */
export class FairQueue<T> {
  readonly #weightOf: (item: T) => number;
  readonly #lanes = new Map<string, Lane<T>>();
  /** Lanes with something in them; who was served last stands at the end. */
  #turns: Lane<T>[] = [];
  #size = 0;
  #weight = 0;

  constructor({ weightOf = () => 1 }: FairQueueOptions<T> = {}) {
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#size;
  }

  get weight(): number {
    return this.#weight;
  }

  get lanes(): number {
    return this.#turns.length;
  }

  sizeOf(lane: string): number {
    const known = this.#lanes.get(lane);
    return known === undefined ? 0 : known.items.length - known.head;
  }

  weightOf(lane: string): number {
    return this.#lanes.get(lane)?.weight ?? 0;
  }

  push(lane: string, item: T): void {
    const known = this.#laneOf(lane);
    known.items.push(item);
    this.#count(known, 1, this.#weightOf(item));
  }

  /** Puts items that were taken back to where they were, before all others of their lane. */
  putBack(lane: string, items: readonly T[]): void {
    if (items.length === 0) return;
    const known = this.#laneOf(lane);
    known.items = [...items, ...known.items.slice(known.head)];
    known.head = 0;
    let weight = 0;
    for (const item of items) weight += this.#weightOf(item);
    this.#count(known, items.length, weight);
  }

  /** Takes up to `most` items by turns, of each lane at most what `allowedOf` says. */
  take(most: number, allowedOf?: (lane: string) => number): T[] {
    const taken: T[] = [];
    const lanes = this.#turns;
    const share = Math.max(1, Math.ceil(most / Math.max(1, lanes.length)));
    const kept: Lane<T>[] = [];
    const served: Lane<T>[] = [];
    let next = 0;
    for (; next < lanes.length && taken.length < most; next++) {
      const lane = lanes[next];
      if (lane === undefined) continue;
      lane.left = allowedOf === undefined ? most : allowedOf(lane.name);
      if (lane.left <= 0) kept.push(lane);
      else if (this.#takeFrom(lane, Math.min(share, most - taken.length), taken)) served.push(lane);
    }
    // What the lanes with little leave over goes to the others.
    for (let before = -1; taken.length < most && taken.length > before; ) {
      before = taken.length;
      for (const lane of served) this.#takeFrom(lane, Math.min(share, most - taken.length), taken);
    }
    // Who had nothing this time stands first the next time; who has nothing left is gone.
    const rest = next === lanes.length ? [] : lanes.slice(next);
    this.#turns = kept.length === 0 ? rest : [...kept, ...rest];
    for (const lane of served) if (lane.head < lane.items.length) this.#turns.push(lane);
    return taken;
  }

  /** Takes, from the front of every lane, all that is so. */
  takeWhile(isSo: (item: T) => boolean): T[] {
    const taken: T[] = [];
    this.#turns = this.#turns.filter((lane) => {
      let count = 0;
      for (let at = lane.head; at < lane.items.length; at++, count++) {
        const item = lane.items[at];
        if (item !== undefined && !isSo(item)) break;
      }
      lane.left = count;
      return count === 0 || this.#takeFrom(lane, count, taken);
    });
    return taken;
  }

  #laneOf(name: string): Lane<T> {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { name, items: [], head: 0, weight: 0, left: 0 };
      this.#lanes.set(name, lane);
    }
    if (lane.items.length === 0) this.#turns.push(lane);
    return lane;
  }

  /** Takes up to `most` items of a lane; answers whether it has others. */
  #takeFrom(lane: Lane<T>, most: number, into: T[]): boolean {
    const count = Math.min(most, lane.left, lane.items.length - lane.head);
    let weight = 0;
    const end = lane.head + count;
    for (let at = lane.head; at < end; at++) {
      const item = lane.items[at];
      if (item === undefined) continue;
      weight += this.#weightOf(item);
      into.push(item);
    }
    lane.head = end;
    lane.left -= count;
    this.#count(lane, -count, -weight);
    if (lane.head === lane.items.length) {
      lane.items = [];
      lane.head = 0;
      if (this.#lanes.size > lanesKept) this.#lanes.delete(lane.name);
      return false;
    }
    if (lane.head >= cutAt) {
      lane.items = lane.items.slice(lane.head);
      lane.head = 0;
    }
    return true;
  }

  #count(lane: Lane<T>, items: number, weight: number): void {
    this.#size += items;
    lane.weight += weight;
    this.#weight += weight;
  }
}
