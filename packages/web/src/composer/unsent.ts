import type { Client, TimelineMessage } from '@parley/client';
import { drafts, keepDraft } from './drafts.ts';

/** What waits to be sent, and the draft behind it; empty when there is neither. */
export function unsentText(messages: readonly TimelineMessage[], draft: string): string {
  const waiting = messages.filter(isWaiting).map(({ body }) => body);
  return [...waiting, draft].filter((text) => text.trim() !== '').join('\n');
}

/**
 * Makes drafts of all that waits to be sent, for a client that will not send it any more.
 *
 * What the server has stored without having been able to say so is among it: better twice than lost.
 */
export function keepUnsent(client: Client): void {
  for (const { id } of client.conversations.getSnapshot().conversations) {
    const { messages } = client.conversation(id).getSnapshot();
    if (!messages.some(isWaiting)) continue;
    keepDraft(id, unsentText(messages, drafts.peek().get(id) ?? ''));
  }
}

function isWaiting({ state }: TimelineMessage): boolean {
  return state !== 'stored';
}
