import type {
  ConversationKind,
  ConversationRow,
  Mark,
  Member,
  MemberRole,
  Message,
  TenantRole,
  User,
  WireError,
} from '@parley/protocol';

/** A value that can be watched. Fits React's `useSyncExternalStore` and wraps into a signal in one line. */
export interface Store<T> {
  /** The same object until something changes. */
  getSnapshot(): T;
  /** Calls back after each change; returns the function that stops it. */
  subscribe(listener: () => void): () => void;
}

/** Where the line to the server stands. Times are milliseconds of the client's clock. */
export type ConnectionState =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting'; readonly attempt: number; readonly since: number }
  | { readonly status: 'online'; readonly since: number }
  /** Cut off; the next try is at `retryAt`. `since` is when the line was lost. */
  | {
      readonly status: 'waiting';
      readonly attempt: number;
      readonly since: number;
      readonly retryAt: number;
    }
  /** The device says that it has no network. */
  | { readonly status: 'offline'; readonly since: number }
  /**
   * Closed for good: by `disconnect()`, refused by the server or the token provider, or because my
   * access has ended (I was deactivated, or the tenant suspended). Stores keep their last state.
   */
  | {
      readonly status: 'closed';
      readonly reason: 'disconnected' | 'refused' | 'ended';
      readonly message?: string;
    };

/** One line of the timeline: a stored message, or one of mine on its way. */
export type TimelineMessage =
  | (Message & { readonly state: 'stored' })
  | (PendingMessage & { readonly state: 'queued' })
  | (PendingMessage & { readonly state: 'failed'; readonly error: WireError });

/** A message of mine that the server has not acknowledged; its id is final. */
export interface PendingMessage {
  readonly id: string;
  readonly sender: string;
  readonly body: string;
  readonly created_at: string;
  readonly reply_to?: string;
}

/** The list of my conversations, newest activity first. */
export interface ConversationListSnapshot {
  readonly status: 'loading' | 'ready' | 'failed';
  readonly conversations: readonly ConversationRow[];
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  readonly error?: WireError;
}

/** One conversation, as far as it is loaded. */
export interface ConversationSnapshot {
  /** `gone`: it does not exist, or I am no longer in it. */
  readonly status: 'loading' | 'ready' | 'gone' | 'failed';
  readonly id: string;
  readonly kind: ConversationKind | null;
  readonly name: string | null;
  readonly memberCount: number;
  /** Those in it now: the first 50, by id. Of others who spoke, `getUsers` tells the names. */
  readonly members: readonly Member[];
  /** Ascending; what is on its way comes last. */
  readonly messages: readonly TimelineMessage[];
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  readonly unread: number;
  /** Others' and my own marks by user id, where the server tells them. */
  readonly marks: Readonly<Record<string, Mark>>;
  /** Ids of those who are typing now, me excluded. */
  readonly typing: readonly string[];
  /** What I am here; null until it is known. See `can` for what follows from it. */
  readonly myRole: MemberRole | null;
  /**
   * The server asked to send more slowly: what waits goes out by itself at about this time, in
   * milliseconds of the client's clock. Null in normal use.
   */
  readonly slowedUntil: number | null;
  readonly error?: WireError;
}

/** Who is online, among those watched. */
export interface PresenceSnapshot {
  readonly [user: string]: { readonly online: boolean; readonly last_seen_at: string | null };
}

/** Somebody as the tenant has them, and what they may do in it. */
export interface Me extends User {
  /** A guest only takes part in the conversations that it was put into. */
  readonly role: TenantRole;
  /** What plain members of groups may do here besides talking. */
  readonly members_may: readonly ('rename' | 'add')[];
}

/** Me, once the server has said hello. */
export type MeSnapshot = Me | null;

/** Ids of those whom I block, in their order; null until it is known. `listBlocked` tells their names. */
export type BlockedSnapshot = readonly string[] | null;
