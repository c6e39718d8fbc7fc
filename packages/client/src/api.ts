import type { ConversationRow, MemberRole, User } from '@parley/protocol';
import type { Act } from './conversation/rights.ts';
import type {
  BlockedSnapshot,
  ConnectionState,
  ConversationListSnapshot,
  ConversationSnapshot,
  MeSnapshot,
  PresenceSnapshot,
  Store,
} from './snapshots.ts';

export interface ClientOptions {
  /** Address of the server, such as `https://chat.example.com` or with a path prefix; ws and http both fit. */
  readonly url: string;
  /**
   * Brings a user token. Called when none is there, before one expires, and after a refusal; never
   * twice at once.
   *
   * Reject with `new ParleyError('unauthorized')` to say that there will be none: the connection is
   * closed then. Any other rejection is a failure that may pass, and you are asked again.
   */
  readonly getToken: () => Promise<string>;
}

/** A conversation's store and what one can do there. Get it from `client.conversation(id)`. */
export interface ConversationHandle extends Store<ConversationSnapshot> {
  readonly id: string;
  /** Loads the newest page and keeps it live until the returned function is called. */
  open(): () => void;
  /** Loads the page before the oldest loaded message; one at a time. Waits for a connection. */
  loadOlder(): Promise<void>;
  /** Shows the message at once and sends it until the server has it. Returns its final id; throws ParleyError for a body that could never be sent. */
  send(body: string, options?: { readonly replyTo?: string }): string;
  /** Sends a failed message again, under the same id. */
  retry(id: string): void;
  /** Forgets a failed message. */
  discard(id: string): void;
  /** I have read up to here; never moves back, shown at once, sent at most a few times a second. */
  markRead(seq: number): void;
  /** Call on every key press; debounced, ends by itself, by `send` and by `setTyping(false)`. */
  setTyping(typing: boolean): void;
  /** This and the acts below reject with `unavailable` where there is no connection. */
  rename(name: string): Promise<void>;
  addMembers(users: readonly string[]): Promise<void>;
  removeMember(user: string): Promise<void>;
  /** Makes somebody of a group owner, admin or plain member. */
  setRole(user: string, role: MemberRole): Promise<void>;
  leave(): Promise<void>;
  /**
   * Whether I may do this here, as far as is known: for what to offer. The server decides.
   *
   * Of `remove` and `promote` it also depends on whom; without `user`: whether on anybody at all.
   */
  can(act: Act, user?: string): boolean;
}

export interface ConversationList extends Store<ConversationListSnapshot> {
  /** Loads the next page; one at a time. Waits for a connection. */
  loadMore(): Promise<void>;
  /** Loads again after `failed`. */
  reload(): Promise<void>;
}

export interface PresenceWatch extends Store<PresenceSnapshot> {
  /** Watches these people until the returned function is called; watchers of one person share. */
  watch(users: readonly string[]): () => void;
}

/** The SDK's entry: one connection of one person, and stores that are always true to the server. */
export interface Client {
  readonly connection: Store<ConnectionState>;
  readonly me: Store<MeSnapshot>;
  readonly conversations: ConversationList;
  readonly presence: PresenceWatch;
  /**
   * Whom I block. Their messages in groups are `hidden`, without sender or text; to me they are
   * offline, never type, and cannot write to me.
   */
  readonly blocked: Store<BlockedSnapshot>;
  /** The same handle for the same id. */
  conversation(id: string): ConversationHandle;
  /** The conversation with this person: the existing one, or a new one. */
  createDirect(user: string): Promise<ConversationRow>;
  createGroup(options: {
    readonly name?: string;
    readonly members: readonly string[];
  }): Promise<ConversationRow>;
  searchUsers(text: string, limit?: number): Promise<readonly User[]>;
  getUsers(users: readonly string[]): Promise<readonly User[]>;
  /** These two reject with `unavailable` where there is no connection. */
  block(user: string): Promise<void>;
  unblock(user: string): Promise<void>;
  /** Everybody whom I block, with their names. */
  listBlocked(): Promise<readonly User[]>;
  /** Connects and stays connected until `disconnect`. While it waits to try again: tries at once. */
  connect(): void;
  /** Ends the connection and every timer; stores keep their last state. */
  disconnect(): void;
}
