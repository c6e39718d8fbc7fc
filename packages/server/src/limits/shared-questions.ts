import { setTimeout } from 'node:timers/promises';

/** How long the next ones gather where several came at a time, in milliseconds. */
const gatherMs = 25;

interface SharedQuestionsOptions<Item, Answer> {
  /** Answers items of one lane together, in their order. */
  readonly answer: (lane: string, items: readonly Item[]) => Promise<readonly Answer[]>;
  /** What one question may weigh, at most; an item alone may weigh more. */
  readonly most: number;
  /** What an item weighs; 1 unless given. */
  readonly weightOf?: (item: Item) => number;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks together what comes together, in lanes.
 *
 * The first item of a lane asks at the end of the tick; while it does, and for a moment after several
 * were asked for together, the next ones gather. So a lone question waits for nobody, and a storm costs
 * few.
 */
export class SharedQuestions<Item, Answer> {
  readonly #options: SharedQuestionsOptions<Item, Answer>;
  readonly #lanes = new Map<string, Waiting<Item, Answer>[]>();
  #size = 0;

  constructor(options: SharedQuestionsOptions<Item, Answer>) {
    this.#options = options;
  }

  /** Items that have not been asked for yet. */
  get size(): number {
    return this.#size;
  }

  ask(lane: string, item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#size++;
      const gathered = this.#lanes.get(lane);
      if (gathered !== undefined) {
        gathered.push({ item, resolve, reject });
        return;
      }
      this.#lanes.set(lane, [{ item, resolve, reject }]);
      setImmediate(() => void this.#run(lane));
    });
  }

  async #run(lane: string): Promise<void> {
    for (;;) {
      const gathered = this.#lanes.get(lane) ?? [];
      const batch = gathered.splice(0, this.#fitting(gathered));
      if (batch.length === 0) break;
      this.#size -= batch.length;
      await this.#askFor(lane, batch);
      // More than one came at a time: more are on their way.
      const isFull = this.#fitting(gathered) < gathered.length;
      if (batch.length > 1 && !isFull) await setTimeout(gatherMs);
    }
    this.#lanes.delete(lane);
  }

  async #askFor(lane: string, batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.answer(
        lane,
        batch.map((one) => one.item),
      );
      for (const [n, { resolve, reject }] of batch.entries()) {
        const answer = answers[n];
        if (answer === undefined) reject(new Error('A shared question was not answered for all.'));
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  #fitting(gathered: readonly Waiting<Item, Answer>[]): number {
    const { most, weightOf = () => 1 } = this.#options;
    let weight = 0;
    const beyond = gathered.findIndex(({ item }, n) => {
      weight += weightOf(item);
      return n > 0 && weight > most;
    });
    return beyond < 0 ? gathered.length : beyond;
  }
}
