import type { Topic } from '@parley/protocol';

/**
 * A durable change of a conversation, ready for the wire.
 *
 * `frame` is the event's JSON text, written once by whoever acted and never parsed on the way.
 */
export interface ConversationChange {
  readonly type: 'change';
  readonly version: number;
  /** The version it follows: `version - 1`, or less when rows in between were superseded. */
  readonly prev: number;
  /** The sequence number, when it is a new message. */
  readonly seq?: number;
  /** The person who left by this change: gets nothing from here on. */
  readonly left?: string;
  /** Who wrote it, if it is a text in a group: those who block them get a placeholder instead. */
  readonly sender?: string;
  readonly frame: string;
}

/** What heals by itself when lost: typing, marks, presence, a new name. */
export interface Fleeting {
  readonly type: 'fleeting';
  /** These people's connections are spared: nobody is told of their own typing. */
  readonly except?: readonly string[];
  /** Whose sign it is, where those who block this person are spared as well. */
  readonly sender?: string;
  /** Nobody but this person is told. */
  readonly only?: string;
  readonly frame: string;
}

/** A person came or went, for those who watch; whoever the person blocks is spared. */
export interface PresenceNews {
  readonly type: 'presence';
  readonly user: string;
  readonly online: boolean;
  readonly lastSeenAt: string | null;
  /** The presence store's: of two tellings of one person the one with the higher turn is newer. */
  readonly turn: number;
  readonly except: readonly string[];
}

/** A person was added: nodes where the person is connected listen to the conversation from now on. */
export interface Joined {
  readonly type: 'joined';
  readonly conversation: string;
  /** Version and newest message of the conversation in the row that `frame` carries. */
  readonly version: number;
  readonly lastSeq: number;
  readonly me: number;
  readonly frame: string;
}

/** A person was removed or left: nodes forget the person in this conversation. */
export interface Left {
  readonly type: 'left';
  readonly conversation: string;
  /** The conversation's version at which the membership ended. */
  readonly version: number;
  readonly me: number;
  readonly frame: string;
}

/** Which sessions have ended. */
export type AccessEnd =
  /** The person's tokens that were issued before a time, in milliseconds; `deactivated`: for good. */
  | { readonly reason: 'revoked' | 'deactivated'; readonly issuedBefore: number }
  /** Everybody's of the tenant. */
  | { readonly reason: 'suspended' }
  /** Those that a signing key vouched for, which has been taken back. */
  | { readonly reason: 'key'; readonly registration: string };

/**
 * Access has ended, of one person or (on the tenant's access topic) of many: the sessions that it
 * names are closed before the handler returns.
 */
export interface Access {
  readonly type: 'access';
  readonly ended: AccessEnd;
}

/** A person blocks somebody, or no longer does: nodes where the person is connected filter from now on. */
export interface BlockChange {
  readonly type: 'block';
  readonly user: string;
  readonly blocked: boolean;
  readonly me: number;
  readonly frame: string;
}

/** One of the two people of a direct conversation blocks the other, or neither does any more. */
export interface DirectBlock {
  readonly type: 'direct-block';
  readonly blocked: boolean;
}

/** Whom a person may find has changed; on the tenant's access topic: whom everybody there may find. */
export interface ReachChange {
  readonly type: 'reach';
}

export type BusMessage =
  | ConversationChange
  | Fleeting
  | PresenceNews
  | Joined
  | Left
  | Access
  | BlockChange
  | DirectBlock
  | ReachChange;

export type BusHandler = (topic: Topic, messages: readonly BusMessage[]) => void;

/** How a bus is doing; it counts from the start of the process. */
export interface BusFigures {
  /** Whether other nodes can be told and heard at this moment. */
  readonly reachable: boolean;
  /** Publications for other nodes. */
  readonly published: number;
  /** Those of them that were not carried, because the way was away or full. */
  readonly dropped: number;
  /** Publications of other nodes. */
  readonly heard: number;
}

/**
 * Carries what happened to the nodes that listen. It may lose, repeat and reorder; PostgreSQL is the truth.
 *
 * This node's own handler is always called before `publish` returns, whatever carries the message to
 * others: so the acting node has forgotten a removed person, and closed the sockets of whose access
 * has ended, before the reply goes out.
 */
export interface Bus {
  /** The one handler of this node; set once, before anything is subscribed. */
  onMessage(handler: BusHandler): void;
  /**
   * The one handler of this node for topics that are heard only from now on; set once.
   *
   * A subscription elsewhere takes effect late, and all of them do after the line was lost. What was
   * published before is not heard: whoever reads after this call has missed nothing.
   */
  onHearing(handler: (topics: readonly Topic[]) => void): void;
  subscribe(topic: Topic): void;
  unsubscribe(topic: Topic): void;
  publish(topic: Topic, messages: readonly BusMessage[]): void;
  figures(): BusFigures;
  close(): Promise<void>;
}
