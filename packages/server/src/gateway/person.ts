import type { Scope } from '../scope.ts';
import type { LiveConversation } from './live-conversation.ts';

/** Where frames for one connection go. */
export interface Outlet {
  readonly scope: Scope;
  /** Queues a framed buffer; it is written when the tick ends. */
  send(frame: Buffer): void;
}

/** A person with at least one connection on this node. */
export interface Person {
  readonly scope: Scope;
  readonly connections: Set<Outlet>;
  readonly rooms: Set<Room>;
  /** Settles when the person's conversations are known here. */
  ready: Promise<void>;
  /** Conversations left while they were being read: what is read must not bring them back. */
  leftMeanwhile: Set<string> | undefined;
}

/** A conversation with at least one person connected to this node. */
export interface Room {
  readonly tenant: string;
  readonly conversation: string;
  readonly live: LiveConversation;
  /** Those who get its events, each with the version at which they were known to be in it. */
  readonly people: Map<Person, number>;
  /** Framed, waiting for the end of the tick. */
  queued: { readonly frame: Buffer; readonly except: string | undefined }[];
}
