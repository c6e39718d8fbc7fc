import {
  type ConversationEvent,
  type ConversationRow,
  newId,
  type ServerEvent,
} from '@parley/protocol';
import { expect } from 'vitest';
import type { TestSocket } from './test-socket.ts';

/** A group of the socket's person and these others. */
export async function createGroup(
  socket: TestSocket,
  members: readonly string[],
  name?: string,
): Promise<ConversationRow> {
  const { conversation } = await socket.ask('conversation.create', {
    kind: 'group',
    members: [...members],
    ...(name === undefined ? {} : { name }),
  });
  return conversation;
}

export async function createDirect(socket: TestSocket, other: string): Promise<ConversationRow> {
  const { conversation } = await socket.ask('conversation.create', {
    kind: 'direct',
    members: [other],
  });
  return conversation;
}

/** Sends a text under a new id. */
export async function say(
  socket: TestSocket,
  conversation: string,
  body: string,
  options: { readonly id?: string; readonly reply_to?: string } = {},
): Promise<{ id: string; seq: number; version: number; created_at: string }> {
  const message = { id: newId(), ...options, body };
  const stored = await socket.ask('message.send', { conversation, message });
  return { id: message.id, ...stored };
}

/** The durable changes of a conversation that a socket heard, in the order of arrival. */
export function changesHeard(
  socket: { readonly events: readonly ServerEvent[] },
  conversation: string,
): ConversationEvent[] {
  return socket.events.filter(
    (event): event is ConversationEvent =>
      'version' in event && event.conversation === conversation,
  );
}

/**
 * Each change follows what was heard before: nothing missing, nothing twice, nothing out of order.
 *
 * It may follow an older one (`prev`) where rows in between were superseded: the version rule.
 */
export function expectUnbroken(changes: readonly ConversationEvent[]): void {
  const breaks = changes.flatMap((change, index) => {
    const before = changes[index - 1];
    if (before === undefined) return [];
    const prev = change.prev ?? change.version - 1;
    return prev <= before.version && before.version < change.version
      ? []
      : [`${before.version} -> ${change.version} (prev ${prev})`];
  });
  expect(breaks).toEqual([]);
}

/** How the answer to a request reads, without its number: to compare byte by byte. */
export async function answerOf(
  socket: TestSocket,
  frame: Readonly<Record<string, unknown>>,
): Promise<string> {
  return JSON.stringify({ ...(await socket.reply(frame)), id: 0 });
}
