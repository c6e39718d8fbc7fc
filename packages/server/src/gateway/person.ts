import type { PersonalEvent } from '@parley/protocol';
import type { AccessFault } from '../access/access-ended.ts';
import type { Scope, Session } from '../scope.ts';
import type { Room } from './rooms.ts';
import { textFrame } from './text-frame.ts';

/** Where frames for one connection go. */
export interface Outlet {
  readonly scope: Scope;
  /** What it lives by; two while a newer token is looked at. It falls with any of them. */
  readonly sessions: ReadonlySet<Session>;
  /** Queues a framed buffer; it is written when the tick ends. */
  send(frame: Buffer): void;
  /** Its access has ended: nothing more comes in or goes out. */
  end(fault: AccessFault): void;
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
  /** The newest news heard of a conversation or block, where a read could contradict it. */
  readonly #news = new Map<string, number>();
  /** Conversations that told of this person's leaving during a read, and the version of that. */
  readonly #left = new Map<string, number>();
  readonly #blocks = new Set<string>();
  #blocksKnown = false;
  readonly #untoldBlocks = new Map<string, boolean>();

  constructor(scope: Scope) {
    this.scope = scope;
  }

  get me(): number {
    return this.#me;
  }

  /** Whom this person blocks: from them come placeholders in groups, and no signs. */
  get blocks(): ReadonlySet<string> {
    return this.#blocks;
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

  /** A conversation tells that the person left it, at this version of it. */
  hearLeft(conversation: string, version: number): void {
    if (this.reading > 0) this.#left.set(conversation, version);
  }

  /** Whether it told so, during the read that is under way or just ended, of a later version than this. */
  leftSince(conversation: string, version: number): boolean {
    return (this.#left.get(conversation) ?? 0) > version;
  }

  /** The person blocks somebody, or no longer does; answers false when it is old news. */
  hearBlock(user: string, me: number, blocked: boolean): boolean {
    if (!this.hear(blockOf(user), me)) return false;
    if (blocked) this.#blocks.add(user);
    else this.#blocks.delete(user);
    return true;
  }

  /** Whom the person blocks was read at this personal version. */
  takeBlocks(read: ReadonlySet<string>, me: number): void {
    for (const user of new Set([...read, ...this.#blocks])) {
      const blocked = read.has(user);
      if (blocked === this.#blocks.has(user) || this.heardSince(blockOf(user), me)) continue;
      if (blocked) this.#blocks.add(user);
      else this.#blocks.delete(user);
      // What was so when the person came is nothing new.
      if (this.#blocksKnown) this.#untoldBlocks.set(user, blocked);
    }
    this.#blocksKnown = true;
  }

  /** Everything up to this personal version was read. */
  caughtUp(me: number): void {
    this.#me = Math.max(this.#me, me);
    for (const [conversation, heard] of this.#news) {
      if (heard <= this.#me) this.#news.delete(conversation);
    }
    this.stale = this.#news.size > 0 || this.#left.size > 0;
    this.#left.clear();
  }

  /** Says what a read has shown and nobody has said: conversations that ended, blocks. */
  tellUntold(): void {
    for (const conversation of this.untold) {
      this.#tell({ event: 'conversation.removed', me: this.#me, conversation });
    }
    this.untold.clear();
    for (const [user, blocked] of this.#untoldBlocks) {
      this.#tell({ event: 'block.updated', me: this.#me, user, blocked });
    }
    this.#untoldBlocks.clear();
  }

  send(frame: Buffer): void {
    for (const outlet of this.connections) outlet.send(frame);
  }

  #tell(event: PersonalEvent): void {
    this.send(textFrame(JSON.stringify(event)));
  }
}

// Conversations are named by UUIDs, which have no space.
function blockOf(user: string): string {
  return `block ${user}`;
}
