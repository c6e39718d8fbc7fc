import type { WaitingSend } from './waiting-send.ts';

/** A conversation that another transaction holds, and what waits for it. */
interface Held {
  readonly conversation: string;
  waiting: WaitingSend[];
  /** One of its messages is on its way, to find out whether it is free. */
  isTried: boolean;
  tryAt: number;
  pauseMs: number;
  /** Waiting for it fails a whole group, so it is tried without others. */
  isAlone: boolean;
}

/** Pauses before asking again, in milliseconds: they grow. */
const shortestPauseMs = 5;
const longestPauseMs = 100;
/** Of those that are tried without others one is, this often; the next at once when it gets through. */
const alonePauseMs = 1_000;

/**
 * Conversations that other transactions hold stand aside, with their messages in order.
 *
 * One message of each is tried now and then; the others wait behind it and are in nobody's way.
 * Times are of the monotonic clock, in milliseconds.
 */
export class HeldConversations {
  readonly #held = new Map<string, Held>();
  #size = 0;
  #aloneAt = 0;

  /** How many messages stand aside. */
  get size(): number {
    return this.#size;
  }

  /** Puts a message behind those of its conversation; false when that is not held. */
  wait(one: WaitingSend): boolean {
    const held = this.#held.get(one.conversation);
    if (held === undefined) return false;
    held.waiting.push(one);
    this.#size++;
    return true;
  }

  /** These were tried and their conversations are held. */
  hold(locked: readonly WaitingSend[], now: number, how?: 'alone'): void {
    for (const [conversation, waiting] of Map.groupBy(locked, (one) => one.conversation)) {
      const held = this.#held.get(conversation) ?? this.#add(conversation);
      held.isTried = false;
      held.isAlone = how === 'alone';
      held.pauseMs = Math.min(longestPauseMs, held.pauseMs * 2);
      held.tryAt = now + (held.isAlone ? alonePauseMs : held.pauseMs);
      this.#putFirst(held, waiting);
    }
  }

  /** Puts a message that was taken, and not tried after all, back; false when nothing is held. */
  takeBack(one: WaitingSend): boolean {
    const held = this.#held.get(one.conversation);
    // One that was no try was taken together with those that stand aside now, and came after them.
    if (held === undefined || !held.isTried) return this.wait(one);
    held.isTried = false;
    this.#putFirst(held, [one]);
    return true;
  }

  /** A try that did not end in `hold`: it is free. Answers what waited. */
  free(conversation: string): readonly WaitingSend[] {
    const held = this.#held.get(conversation);
    if (held === undefined || !held.isTried) return [];
    this.#held.delete(conversation);
    this.#size -= held.waiting.length;
    // What one waited for may have been what they all wait for: a whole table, say.
    if (held.isAlone) this.#aloneAt = 0;
    return held.waiting;
  }

  /** A message of each conversation that is to be tried now. */
  takeTries(most: number, now: number): WaitingSend[] {
    const tries: WaitingSend[] = [];
    for (const held of this.#held.values()) {
      if (tries.length >= most) break;
      if (held.isAlone || held.isTried || held.tryAt > now) continue;
      tries.push(...this.#take(held));
    }
    return tries;
  }

  /** A message that is to be tried now, and without others. */
  takeAlone(now: number): WaitingSend | undefined {
    if (now < this.#aloneAt) return undefined;
    for (const held of this.#held.values()) {
      if (!held.isAlone || held.isTried || held.tryAt > now) continue;
      const [one] = this.#take(held);
      if (one === undefined) continue;
      this.#aloneAt = now + alonePauseMs;
      return one;
    }
    return undefined;
  }

  takeOverdue(isOver: (one: WaitingSend) => boolean): WaitingSend[] {
    const overdue: WaitingSend[] = [];
    for (const [conversation, held] of this.#held) {
      const left = held.waiting.findIndex((one) => !isOver(one));
      const gone = held.waiting.splice(0, left === -1 ? held.waiting.length : left);
      this.#size -= gone.length;
      overdue.push(...gone);
      if (held.waiting.length === 0 && !held.isTried) this.#held.delete(conversation);
    }
    return overdue;
  }

  /** How long there is nothing to try. */
  dueIn(now: number): number {
    let due = longestPauseMs;
    for (const { tryAt, isTried, isAlone } of this.#held.values()) {
      if (isTried) continue;
      due = Math.min(due, (isAlone ? Math.max(tryAt, this.#aloneAt) : tryAt) - now);
    }
    return Math.max(1, due);
  }

  #add(conversation: string): Held {
    const held: Held = {
      conversation,
      waiting: [],
      isTried: false,
      tryAt: 0,
      pauseMs: shortestPauseMs / 2,
      isAlone: false,
    };
    this.#held.set(conversation, held);
    return held;
  }

  #take(held: Held): WaitingSend[] {
    const first = held.waiting.findIndex((one) => !one.isSettled);
    const gone = held.waiting.splice(0, first === -1 ? held.waiting.length : first + 1);
    this.#size -= gone.length;
    const taken = first === -1 ? [] : gone.slice(-1);
    held.isTried = taken.length > 0;
    return taken;
  }

  #putFirst(held: Held, waiting: readonly WaitingSend[]): void {
    held.waiting = [...waiting, ...held.waiting];
    this.#size += waiting.length;
  }
}
