import {
  type ConversationEvent,
  type ConversationKind,
  conversationTopic,
  type Message,
} from '@parley/protocol';
import type { Bus, ConversationChange } from '../bus/bus.ts';
import type { AppendedMessage, OutgoingMessage } from './append.ts';
import { hideableSender } from './hidden-message.ts';

/** A new message, where it is stored, and of what kind the conversation is. */
export interface Appended {
  readonly message: OutgoingMessage;
  readonly at: AppendedMessage;
  readonly kind: ConversationKind;
}

/** Tells a group's new messages, in order, one publication per conversation. */
export function publishAppended(bus: Bus, appended: readonly Appended[]): void {
  const byConversation = new Map<
    string,
    { first: OutgoingMessage; changes: ConversationChange[] }
  >();
  for (const one of appended) {
    const { message } = one;
    const key = `${message.tenant} ${message.conversation}`;
    let entry = byConversation.get(key);
    if (entry === undefined) {
      entry = { first: message, changes: [] };
      byConversation.set(key, entry);
    }
    entry.changes.push(createdChange(one));
  }
  for (const { first, changes } of byConversation.values()) {
    bus.publish(conversationTopic(first.tenant, first.conversation), changes);
  }
}

function createdChange({ message: sent, at, kind }: Appended): ConversationChange {
  const message: Message = {
    id: sent.id,
    seq: at.seq,
    sender: sent.sender,
    kind: 'text',
    body: sent.body,
    created_at: at.created_at,
    version: at.version,
    ...(sent.replyTo === null ? {} : { reply_to: sent.replyTo }),
  };
  const event: ConversationEvent = {
    event: 'message.created',
    conversation: sent.conversation,
    version: at.version,
    message,
  };
  return {
    type: 'change',
    version: at.version,
    prev: at.version - 1,
    seq: at.seq,
    ...hideableSender(kind, message),
    frame: JSON.stringify(event),
  };
}
