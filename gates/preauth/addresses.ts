/** Addresses of this machine to come from, one after the other: 127.1.0.1, 127.1.0.2, ... */
export class Addresses {
  #next = 0;
  readonly #count: number;

  /** `count`: so many different ones, then from the first again. */
  constructor(count: number) {
    this.#count = count;
  }

  next(): string {
    const number = this.#next++ % this.#count;
    return `127.1.${Math.floor(number / 250)}.${1 + (number % 250)}`;
  }
}
