/** A person of a tenant. Times everywhere are ISO 8601 in UTC. */
export interface User {
  /** The host product's own id. */
  readonly id: string;
  readonly name: string;
  readonly avatar_url: string | null;
  /** When name or picture last changed: of two tellings the newer one holds. */
  readonly updated_at: string;
}

/** A person's place in a conversation. */
export interface Member extends User {
  readonly role: MemberRole;
  /** The first message this person may see. */
  readonly joined_seq: number;
  /** Version of the conversation at which this row last changed. */
  readonly version: number;
  /** When the person left or was removed; null while in. */
  readonly left_at: string | null;
}

/** What a person is in a group. In a direct conversation both are members. */
export type MemberRole = 'owner' | 'admin' | 'member';

/**
 * What a person is in the tenant. In groups they are in, a moderator counts as admin and an admin as
 * owner; both find and write to everybody. A guest knows only the conversations it was put into.
 */
export type TenantRole = 'admin' | 'moderator' | 'member' | 'guest';

export type ConversationKind = 'direct' | 'group';

/** How far one person has read and received, as sequence numbers. Both only grow. */
export interface Mark {
  readonly read: number;
  readonly delivered: number;
}

/** The fields of a conversation that a person can change, and what follows from its members. */
export interface ConversationFields {
  /** Null for direct conversations, which are named by their people. */
  readonly name: string | null;
  readonly member_count: number;
  readonly metadata: JsonObject;
}

export interface Conversation extends ConversationFields {
  readonly id: string;
  readonly kind: ConversationKind;
  /** Every durable change takes the next one: dense. */
  readonly version: number;
  /** The newest message: 1, 2, 3, ... without holes. 0 when there is none. */
  readonly last_seq: number;
  /** The oldest message that the asking person can read. */
  readonly first_seq: number;
  readonly created_at: string;
  readonly created_by: string;
  /** The first 50 members, in the order of their ids. */
  readonly members: readonly Member[];
}

/** A conversation as one person's list shows it. */
export interface ConversationRow extends Conversation {
  /** Messages of others after my read mark, among at most the next 1,000. */
  readonly unread: number;
  readonly last_message: Message | null;
  /** What I may do here follows from it: my role, or more where my role in the tenant gives more. */
  readonly my_role: MemberRole;
  /** When something was last said here, or it was made: the list's order. */
  readonly last_activity_at: string;
  /** Marks by user id: everybody's up to 100 members, else mine alone. */
  readonly marks: Readonly<Record<string, Mark>>;
}

/** `text`: somebody wrote it. `system`: an act, told by `act`. `hidden`: a blocked person's, without content. */
export type MessageKind = 'text' | 'system' | 'hidden';

/** What a system message tells. */
export type SystemAct =
  | { readonly type: 'members_added'; readonly users: readonly string[] }
  | { readonly type: 'member_removed'; readonly user: string }
  | { readonly type: 'member_left' }
  | { readonly type: 'role_changed'; readonly user: string; readonly role: MemberRole }
  | { readonly type: 'renamed'; readonly name: string };

export interface Message {
  /** Named by its sender: repeating a send is the same message. */
  readonly id: string;
  /** Its place in the conversation. */
  readonly seq: number;
  /** Who wrote it, or acted; null when hidden. */
  readonly sender: string | null;
  readonly kind: MessageKind;
  readonly body: string;
  readonly created_at: string;
  readonly version: number;
  readonly reply_to?: string;
  readonly act?: SystemAct;
  readonly edited_at?: string;
  readonly deleted_at?: string;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
