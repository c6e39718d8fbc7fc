import { type ConversationEvent, conversationTopic } from '@parley/protocol';
import type { Bus, ConversationChange } from '../bus/bus.ts';
import type { AppendedMessage, OutgoingMessage } from './append.ts';

interface Appended {
  readonly message: OutgoingMessage;
  readonly at: AppendedMessage;
}

/** Tells a group's new messages, in order, one publication per conversation. */
export function publishAppended(bus: Bus, appended: readonly Appended[], now: Date): void {
  const createdAt = now.toISOString();
  const byConversation = new Map<
    string,
    { first: OutgoingMessage; changes: ConversationChange[] }
  >();
  for (const { message, at } of appended) {
    const key = `${message.tenant} ${message.conversation}`;
    let entry = byConversation.get(key);
    if (entry === undefined) {
      entry = { first: message, changes: [] };
      byConversation.set(key, entry);
    }
    entry.changes.push(createdChange(message, at, createdAt));
  }
  for (const { first, changes } of byConversation.values()) {
    bus.publish(conversationTopic(first.tenant, first.conversation), changes);
  }
}

function createdChange(
  message: OutgoingMessage,
  at: AppendedMessage,
  createdAt: string,
): ConversationChange {
  const event: ConversationEvent = {
    event: 'message.created',
    conversation: message.conversation,
    version: at.version,
    message: {
      id: message.id,
      seq: at.seq,
      sender: message.sender,
      kind: 'text',
      body: message.body,
      created_at: createdAt,
      version: at.version,
      ...(message.replyTo === null ? {} : { reply_to: message.replyTo }),
    },
  };
  return {
    type: 'change',
    version: at.version,
    prev: at.version - 1,
    seq: at.seq,
    frame: JSON.stringify(event),
  };
}
