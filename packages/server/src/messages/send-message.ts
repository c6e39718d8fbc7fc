import type { Context } from '../context.ts';
import type { AppendedMessage } from './append.ts';

interface SendMessage {
  readonly conversation: string;
  readonly message: { readonly id: string; readonly body: string; readonly reply_to?: string };
}

/**
 * Sends a message; answers when it is durable.
 *
 * The id makes it the same message however often it is sent. Access, membership and blocks are
 * checked in the same write, under the conversation's lock, and before anything is told of an earlier
 * send of the same. Rejects with `unauthorized`, `not_found`, `not_allowed`, `id_reused` or
 * `unavailable`.
 */
export function sendMessage(ctx: Context, input: SendMessage): Promise<AppendedMessage> {
  const { message } = input;
  return ctx.append.send({
    tenant: ctx.scope.tenant,
    sender: ctx.scope.user,
    session: ctx.session,
    conversation: input.conversation,
    id: message.id,
    body: message.body,
    replyTo: message.reply_to ?? null,
  });
}
