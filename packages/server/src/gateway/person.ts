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
  /** Settles when the person's conversations are known here. */
  ready: Promise<void> = Promise.resolve();
  /** The personal version up to which everything was heard. */
  me = 0;
  /** Something was missed: the memberships must be read again. */
  stale = false;
  /** Counts joinings and leavings heard, so that a read which they overtook is known as old. */
  heard = 0;
  /** Conversations left while the first read was under way: it must not bring them back. */
  leftMeanwhile: Set<string> | undefined = new Set();

  constructor(scope: Scope) {
    this.scope = scope;
  }

  /** News with this personal version came: the next one, an old one, or one after a hole. */
  hear(me: number): void {
    this.heard++;
    if (me === this.me + 1) this.me = me;
    else if (me > this.me) this.stale = true;
  }

  send(frame: Buffer): void {
    for (const outlet of this.connections) outlet.send(frame);
  }
}
