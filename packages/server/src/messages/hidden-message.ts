import type { ConversationKind, Message } from '@parley/protocol';
import { type RawBuilder, sql } from 'kysely';
import { blockedBy } from '../blocks/blocked-people.ts';
import type { Scope } from '../scope.ts';

/**
 * Whether a message is hidden from the acting person: a text, in a group, of somebody they block.
 *
 * `row` names what has the message's `tenant_id`, `conversation_id`, `sender_id` and `kind`. The kind
 * of the conversation is asked for last: only for messages of the blocked.
 */
export function hiddenFrom(scope: Scope, row = 'message'): RawBuilder<boolean> {
  const column = (name: string) => sql.ref(`${row}.${name}`);
  return sql<boolean>`(
    ${column('kind')} = 'text' and ${column('sender_id')} in ${blockedBy(scope)}
    and exists (
      select from conversation
      where conversation.tenant_id = ${column('tenant_id')}
        and conversation.id = ${column('conversation_id')} and conversation.kind = 'group'
    )
  )`;
}

/**
 * What is left of a hidden message: its place, so that there is no hole, and nothing said.
 *
 * Nor who wrote it, what it replied to, whether it was edited or deleted.
 */
export function hiddenMessage(message: Pick<Message, PlaceField>): Message {
  const { id, seq, created_at, version } = message;
  return { id, seq, sender: null, kind: 'hidden', body: '', created_at, version };
}
type PlaceField = 'id' | 'seq' | 'created_at' | 'version';

/** The sender for whose sake a message may be hidden from some: of a text in a group. */
export function hideableSender(kind: ConversationKind, message: Message): { sender?: string } {
  return kind === 'group' && message.kind === 'text' && message.sender !== null
    ? { sender: message.sender }
    : {};
}

/** The event of a message, as JSON text, the way those see it from whom the message is hidden. */
export function hiddenEvent(event: string): string {
  const told: unknown = JSON.parse(event);
  if (!hasMessage(told)) return event;
  return JSON.stringify({ ...told, message: hiddenMessage(told.message) });
}

function hasMessage(event: unknown): event is { readonly message: Message } {
  return typeof event === 'object' && event !== null && 'message' in event;
}
