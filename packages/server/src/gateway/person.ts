import type { Scope } from '../scope.ts';
import type { Room } from './rooms.ts';

/** Where frames for one connection go. */
export interface Outlet {
  readonly scope: Scope;
  /** Queues a framed buffer; it is written when the tick ends. */
  send(frame: Buffer): void;
}

/** A person with at least one connection on this node. */
export class Person {
  readonly scope: Scope;
  readonly connections = new Set<Outlet>();
  readonly rooms = new Set<Room>();
  /** Conversations that ended for this person, which nobody has said yet. */
  readonly untold = new Set<string>();
  /** Settles when the person's conversations are known here. */
  ready: Promise<void> = Promise.resolve();
  /** Something was missed: the memberships must be read again. */
  stale = false;
  /** Reads of the memberships that are under way. */
  reading = 0;
  /** The personal version up to which everything was heard or read. */
  #me = 0;
  /** The newest joining or leaving heard by conversation, where a read could contradict it. */
  readonly #news = new Map<string, number>();

  constructor(scope: Scope) {
    this.scope = scope;
  }

  get me(): number {
    return this.#me;
  }

  /** News of a joining or leaving came; answers false when it is old, or a newer one came before. */
  hear(conversation: string, me: number): boolean {
    if (me <= this.#me) return false;
    const next = me === this.#me + 1;
    if (next) this.#me = me;
    else this.stale = true;
    if (this.heardSince(conversation, me - 1)) return false;
    if (!next || this.reading > 0) this.#news.set(conversation, me);
    return true;
  }

  /** Whether a joining or leaving newer than this personal version was heard. */
  heardSince(conversation: string, me: number): boolean {
    return (this.#news.get(conversation) ?? 0) > me;
  }

  /** Everything up to this personal version was read. */
  caughtUp(me: number): void {
    this.#me = Math.max(this.#me, me);
    for (const [conversation, heard] of this.#news) {
      if (heard <= this.#me) this.#news.delete(conversation);
    }
    this.stale = this.#news.size > 0;
  }

  send(frame: Buffer): void {
    for (const outlet of this.connections) outlet.send(frame);
  }
}
