import type { Scope } from '../../scope.ts';

/** Whether a person is online, and as of when that is known. */
export interface Standing {
  readonly online: boolean;
  /**
   * Of two tellings of one person, on whatever nodes, the one with the higher turn is newer.
   *
   * 0 is a guess: the store is away, or was emptied and is not complete yet.
   */
  readonly turn: number;
}

/** What a person's coming or going at this node has changed. */
export interface Counted {
  /** Another living node has connections of the person: for everybody else nothing has changed. */
  readonly elsewhere: boolean;
  readonly turn: number;
}

/** Somebody came or went, which the store found out by itself. */
export interface PresenceChange extends Scope, Standing {
  /** How long ago a person who is offline was online, in milliseconds. */
  readonly agoMs: number;
}

/**
 * Who has a living connection, over all nodes.
 *
 * A node says for whom it has connections, and keeps all of that alive by one lease. A person is online
 * while any node with a living lease has them. Nothing here rejects: while the store is away it answers
 * what this node knows.
 */
export interface PresenceStore {
  /**
   * The one handler for what was found out: people of a node that died, those of this node who had to
   * be told of again. May come twice; one that rejects is asked again later.
   */
  onChange(handler: (changes: readonly PresenceChange[]) => Promise<void>): void;
  /** The one handler for the end of a doubt: what was heard or looked up since it began may be wrong. */
  onSettled(handler: () => void): void;
  /** This node has connections of a person from now on. */
  hold(person: Scope): Promise<Counted>;
  /** It has none any more. */
  release(person: Scope): Promise<Counted>;
  /** A standing for each of these people; waits 100 ms for it at the most. */
  look(tenant: string, users: readonly string[]): Promise<ReadonlyMap<string, Standing>>;
  /** This node stops: its people are online for a few seconds yet, in which they may come to another. */
  close(): Promise<void>;
}
