import {
  type CommandInput,
  type CommandResult,
  type CommandType,
  conversationTopic,
  type FleetingEvent,
  ParleyError,
  type Request,
} from '@parley/protocol';
import { blockUser } from '../blocks/block-user.ts';
import { listBlocked } from '../blocks/list-blocked.ts';
import { unblockUser } from '../blocks/unblock-user.ts';
import type { Context } from '../context.ts';
import { createConversation } from '../conversations/create-conversation.ts';
import { getConversation } from '../conversations/get-conversation.ts';
import { leaveConversation } from '../conversations/leave-conversation.ts';
import { listConversations } from '../conversations/list-conversations.ts';
import { updateConversation } from '../conversations/update-conversation.ts';
import { addMembers } from '../members/add-members.ts';
import { listMembers } from '../members/list-members.ts';
import { removeMember } from '../members/remove-member.ts';
import { updateMember } from '../members/update-member.ts';
import { listMessages } from '../messages/list-messages.ts';
import { markDelivered } from '../messages/mark-delivered.ts';
import { markRead } from '../messages/mark-read.ts';
import { sendMessage } from '../messages/send-message.ts';
import type { Scope, Session } from '../scope.ts';
import type { Syncs } from '../sync/syncs.ts';
import { getUsers } from '../users/get-users.ts';
import { searchUsers } from '../users/search-users.ts';
import type { Connection } from './connection.ts';
import type { Greeting } from './greeting.ts';
import type { Hub } from './hub.ts';
import type { Watching } from './watching.ts';

/** What the commands work with. */
export interface Commands {
  readonly contextOf: (scope: Scope, session: Session) => Context;
  readonly hub: Hub;
  readonly greeting: Greeting;
  readonly watching: Watching;
  readonly syncs: Syncs;
}

type Handler<T extends CommandType> = (
  call: { readonly ctx: Context; readonly connection: Connection; readonly parts: Commands },
  input: CommandInput<T>,
) => CommandResult<T> | Promise<CommandResult<T>>;

type Handlers = { readonly [T in Exclude<CommandType, 'hello'>]: Handler<T> };

/** The command table: type to action. Socket and HTTP call the same actions. */
const handlers: Handlers = {
  ping: () => ({}),
  'token.refresh': ({ connection, parts }, input) => parts.greeting.refresh(connection, input),
  'conversation.create': async ({ ctx }, input) => {
    const { conversation } = await createConversation(ctx, input);
    return { conversation };
  },
  'conversation.list': ({ ctx }, input) => listConversations(ctx, input),
  'conversation.get': ({ ctx }, input) => getConversation(ctx, input),
  'conversation.update': ({ ctx }, input) => updateConversation(ctx, input),
  'conversation.leave': ({ ctx }, input) => leaveConversation(ctx, input),
  'member.list': ({ ctx }, input) => listMembers(ctx, input),
  'member.add': ({ ctx }, input) => addMembers(ctx, input),
  'member.remove': ({ ctx }, input) => removeMember(ctx, input),
  'member.update': ({ ctx }, input) => updateMember(ctx, input),
  'message.send': async ({ ctx, connection }, input) => {
    connection.typingIn.delete(input.conversation);
    const { seq, version, created_at } = await sendMessage(ctx, input);
    return { seq, version, created_at };
  },
  'message.list': ({ ctx }, input) => listMessages(ctx, input),
  read: async ({ ctx }, input) => {
    await markRead(ctx, input);
    return {};
  },
  delivered: async ({ ctx }, input) => {
    await markDelivered(ctx, input);
    return {};
  },
  typing: ({ ctx, connection, parts }, input) => {
    // No question to the database for a sign that lasts seconds: the hub knows who is in.
    if (!parts.hub.isIn(ctx.scope, input.conversation)) throw new ParleyError('not_found');
    if (input.typing) connection.typingIn.add(input.conversation);
    else connection.typingIn.delete(input.conversation);
    publishTyping(parts.hub, ctx, input.conversation, input.typing);
    return {};
  },
  sync: ({ ctx, parts }, input) => parts.syncs.sync(ctx, input),
  'presence.watch': ({ ctx, connection, parts }, input) =>
    parts.watching.watch(ctx, connection, input.users),
  'presence.unwatch': ({ connection, parts }, input) => {
    parts.watching.unwatch(connection, input.users);
    return {};
  },
  'user.search': ({ ctx }, input) => searchUsers(ctx, input),
  'user.get': ({ ctx }, input) => getUsers(ctx, input),
  'block.add': async ({ ctx }, input) => {
    await blockUser(ctx, input);
    return {};
  },
  'block.remove': async ({ ctx }, input) => {
    await unblockUser(ctx, input);
    return {};
  },
  'block.list': ({ ctx }, input) => listBlocked(ctx, input),
};

/** Runs a request for a connection; before hello, only hello is answered. */
export function runCommand(
  parts: Commands,
  connection: Connection,
  request: Request,
): CommandResult<CommandType> | Promise<CommandResult<CommandType>> {
  const { state } = connection;
  if (connection.closing) throw new ParleyError('unavailable');
  if (request.type === 'hello') return parts.greeting.hello(connection, request.input);
  if (state.status !== 'open') throw new ParleyError('hello_first');
  const ctx = parts.contextOf(state.scope, state.session);
  return call(request.type, { ctx, connection, parts }, request.input);
}

function call<T extends Exclude<CommandType, 'hello'>>(
  type: T,
  context: Parameters<Handler<T>>[0],
  input: CommandInput<T>,
): CommandResult<T> | Promise<CommandResult<T>> {
  return handlers[type](context, input);
}

/** Tells the others of a conversation that a person types, or no longer does; not where one blocks the other. */
export function publishTyping(
  hub: Hub,
  ctx: Pick<Context, 'scope' | 'bus'>,
  conversation: string,
  typing: boolean,
): void {
  // Here as well as where it is told: of two nodes one may not have heard of a block yet.
  if (hub.isBlocked(ctx.scope, conversation)) return;
  const { tenant, user } = ctx.scope;
  const event: FleetingEvent = { event: 'typing', conversation, user, typing };
  ctx.bus.publish(conversationTopic(tenant, conversation), [
    { type: 'fleeting', except: [user], sender: user, frame: JSON.stringify(event) },
  ]);
}
