import { createHash } from 'node:crypto';

/** Random numbers that come again with their seed (xoshiro128**). */
export class SeededRandom {
  readonly #seed: number;
  #state: Uint32Array;

  constructor(seed: number, name = '') {
    this.#seed = seed;
    this.#state = stateOf(seed, name);
  }

  /** Begins anew with chances that belong to this name. */
  restart(name: string): void {
    this.#state = stateOf(this.#seed, name);
  }

  /** A whole number of 32 bits. */
  bits(): number {
    const s = this.#state;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = s;
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    const t = s1 << 9;
    s[2] = s2 ^ s0;
    s[3] = s3 ^ s1;
    s[1] = s1 ^ (s[2] ?? 0);
    s[0] = s0 ^ (s[3] ?? 0);
    s[2] = (s[2] ?? 0) ^ t;
    s[3] = rotate(s[3] ?? 0, 11);
    return result;
  }

  /** From 0 to 1, without 1. */
  next(): number {
    return this.bits() / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number from `low` to `high`, both possible. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined && items.length === 0) throw new RangeError('nothing to pick from');
    return item as T;
  }

  /** The same items in a chance order. */
  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items];
    const shuffled: T[] = [];
    while (left.length > 0) shuffled.push(...left.splice(this.below(left.length), 1));
    return shuffled;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at++) bytes[at] = this.bits() & 0xff;
    return bytes;
  }
}

function stateOf(seed: number, name: string): Uint32Array {
  const digest = createHash('sha256').update(`${seed} ${name}`).digest();
  return Uint32Array.from({ length: 4 }, (_, index) => digest.readUInt32LE(index * 4));
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
