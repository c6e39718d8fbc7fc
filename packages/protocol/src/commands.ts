import { ParleyError } from './errors.ts';
import {
  between,
  count,
  type Field,
  flag,
  list,
  map,
  object,
  oneOf,
  optional,
  refuse,
  text,
  userId,
  uuid,
} from './field.ts';
import { limits } from './limits.ts';
import type { ConversationRow, Mark, Member, Message, TenantRole, User } from './model.ts';
import { parseBody, parseName } from './text.ts';

const name: Field<string> = (value, path) =>
  typeof value === 'string' ? parseName(value, path) : refuse(path, 'a string');

const body: Field<string> = (value, path) =>
  typeof value === 'string' ? parseBody(value, path) : refuse(path, 'a string');

const limit = optional(between(1, limits.page));
const cursor = optional(text({ max: 200 }));
// What cannot be a token is treated like one that is no good: the client's next step is the same.
const token: Field<string> = (value) => {
  if (typeof value === 'string' && value !== '' && value.length <= limits.tokenBytes) return value;
  throw new ParleyError('unauthorized', { field: 'token' });
};

const page = object({
  conversation: uuid,
  before: optional(count),
  after: optional(count),
  limit,
});

/** The message that a person sends; `body` is trimmed. */
export const outgoingMessage = object({ id: uuid, body, reply_to: optional(uuid) });

const create = object({
  kind: oneOf('direct', 'group'),
  members: list(userId, { max: limits.membersPerCall }),
  name: optional(name),
  conversation: optional(uuid),
});

/**
 * The command table: every request a socket may make, and how its input is read.
 *
 * Unknown fields are ignored. `typing` carries no id and gets no reply.
 */
export const commands = {
  hello: object({ token, client: optional(text({ max: 100 })) }),
  'token.refresh': object({ token }),
  ping: object({}),
  'conversation.create': ((value, path) => {
    const input = create(value, path);
    if (input.kind === 'direct' && input.name !== undefined) {
      return refuse('name', 'absent: a direct conversation is named by its people');
    }
    return input;
  }) satisfies Field<ReturnType<typeof create>>,
  'conversation.list': object({ cursor, limit }),
  'conversation.get': object({ conversation: uuid }),
  'conversation.update': object({ conversation: uuid, name: optional(name) }),
  'conversation.leave': object({ conversation: uuid }),
  'member.list': object({ conversation: uuid, cursor, limit }),
  'member.add': object({
    conversation: uuid,
    users: list(userId, { min: 1, max: limits.membersPerCall }),
  }),
  'member.remove': object({ conversation: uuid, user: userId }),
  /** Gives a person of a group another role. */
  'member.update': object({
    conversation: uuid,
    user: userId,
    role: oneOf('owner', 'admin', 'member'),
  }),
  'message.send': object({ conversation: uuid, message: outgoingMessage }),
  'message.list': ((value, path) => {
    const input = page(value, path);
    if (input.before !== undefined && input.after !== undefined) {
      throw new ParleyError('bad_request', {
        field: 'after',
        message: 'Give `before` or `after`, not both.',
      });
    }
    return input;
  }) satisfies Field<ReturnType<typeof page>>,
  read: object({ conversation: uuid, seq: count }),
  delivered: object({ marks: map(uuid, count, { max: limits.knownPerSync }) }),
  typing: object({ conversation: uuid, typing: flag }),
  sync: object({
    epoch: optional(text({ max: 100 })),
    me: count,
    known: map(uuid, object({ version: count, last_seq: count }), { max: limits.knownPerSync }),
    /** The `at` of the last answer: people renamed since then are told. */
    at: optional(text({ max: 40 })),
  }),
  'presence.watch': object({ users: list(userId, { max: limits.watchedPeople }) }),
  'presence.unwatch': object({ users: list(userId, { max: limits.watchedPeople }) }),
  'user.search': object({ text: text({ max: limits.searchLength }), limit }),
  'user.get': object({ users: list(userId, { max: limits.usersPerGet }) }),
  'block.add': object({ user: userId }),
  'block.remove': object({ user: userId }),
  'block.list': object({ cursor, limit }),
} as const;

export type CommandType = keyof typeof commands;

/** What a command's input is once read. */
export type CommandInput<T extends CommandType> = ReturnType<(typeof commands)[T]>;

export function isCommandType(value: string): value is CommandType {
  return Object.hasOwn(commands, value);
}

type Nothing = Readonly<Record<string, never>>;

export interface Presence {
  readonly id: string;
  readonly online: boolean;
  readonly last_seen_at: string | null;
}

export interface HelloResult {
  readonly user: User;
  /** Version of what concerns me alone; see `sync`. */
  readonly me: number;
  /** Names this history; another one means the database was set back. */
  readonly epoch: string;
  readonly heartbeat_ms: number;
  readonly server_time: string;
  readonly expires_at: string;
  /** What the person is in the tenant. */
  readonly role: TenantRole;
  /** What plain members of the tenant's groups may do besides talking. */
  readonly members_may: readonly ('rename' | 'add')[];
}

/** One known conversation's changes in a `sync` answer. */
export interface ConversationChanges {
  readonly id: string;
  readonly version: number;
  readonly last_seq: number;
  readonly first_seq: number;
  readonly unread: number;
  /** Present when the conversation's own fields or its members changed. */
  readonly conversation?: { readonly name: string | null; readonly member_count: number };
  readonly members: readonly Member[];
  readonly marks: Readonly<Record<string, Mark>>;
  readonly messages: readonly Message[];
  /** More rows follow: call again with the version of the last row. */
  readonly has_more: boolean;
  /** Forget what you know: this is the newest page. */
  readonly reset: boolean;
}

export interface SyncResult {
  readonly epoch: string;
  readonly me: number;
  /** Hand it back in the next `sync`. */
  readonly at: string;
  readonly conversations: readonly ConversationChanges[];
  readonly added: readonly ConversationRow[];
  /** More were added: call again with the returned `me`. */
  readonly more: boolean;
  readonly removed: readonly string[];
  /** People sharing a conversation with me whose name or picture changed since `at`. */
  readonly users: readonly User[];
  /** Everybody whom I block, in the order of their ids. */
  readonly blocked: readonly string[];
  /** The `me` at which they last changed: groups that were read before then are to be read again. */
  readonly blocked_version: number;
}

/** What each command answers. */
export interface CommandResults {
  hello: HelloResult;
  'token.refresh': { readonly expires_at: string };
  ping: Nothing;
  'conversation.create': { readonly conversation: ConversationRow };
  'conversation.list': {
    readonly conversations: readonly ConversationRow[];
    readonly cursor: string | null;
  };
  'conversation.get': { readonly conversation: ConversationRow };
  'conversation.update': { readonly conversation: ConversationRow };
  'conversation.leave': { readonly version: number };
  'member.list': { readonly members: readonly Member[]; readonly cursor: string | null };
  'member.add': { readonly version: number };
  'member.remove': { readonly version: number };
  'member.update': { readonly version: number };
  'message.send': {
    readonly seq: number;
    readonly version: number;
    readonly created_at: string;
  };
  'message.list': { readonly messages: readonly Message[]; readonly has_more: boolean };
  read: Nothing;
  delivered: Nothing;
  typing: Nothing;
  sync: SyncResult;
  'presence.watch': { readonly users: readonly Presence[] };
  'presence.unwatch': Nothing;
  'user.search': { readonly users: readonly User[] };
  'user.get': { readonly users: readonly User[] };
  'block.add': Nothing;
  'block.remove': Nothing;
  'block.list': { readonly users: readonly User[]; readonly cursor: string | null };
}

export type CommandResult<T extends CommandType> = CommandResults[T];
