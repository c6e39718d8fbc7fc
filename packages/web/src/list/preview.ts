import type { TimelineMessage } from '@parley/client';
import type { ConversationRow } from '@parley/protocol';
import { actWords } from '../conversation/act-words.ts';
import type { Person } from '../people/person.ts';
import { words } from '../words.ts';

/** One line about a conversation's last message. */
export interface Preview {
  /** `You: ` or the sender's name in groups. */
  readonly prefix: string;
  readonly text: string;
}

/** One line about a message of mine that the server does not have. */
export interface WaitingPreview extends Preview {
  readonly state: 'queued' | 'failed';
}

/** My last message that is still on its way; it is newer than all that is stored. */
export function waitingOf(messages: readonly TimelineMessage[]): WaitingPreview | null {
  const last = messages.at(-1);
  if (last === undefined || last.state === 'stored') return null;
  return { prefix: words.list.you, text: oneLine(last.body), state: last.state };
}

/** The line under a conversation's name in the list. */
export function previewOf(
  row: ConversationRow,
  me: string,
  person: (id: string) => Person,
): Preview {
  const message = row.last_message;
  if (!message) return { prefix: '', text: words.list.noMessages };
  if (message.kind === 'hidden') return { prefix: '', text: words.message.hidden(1) };
  const nameOf = (id: string) => person(id).name;
  if (message.kind === 'system') return { prefix: '', text: actWords(message, me, nameOf) };
  if (message.deleted_at !== undefined) return { prefix: '', text: words.message.deleted };
  const text = oneLine(message.body);
  if (message.sender === me) return { prefix: words.list.you, text };
  if (row.kind === 'direct' || message.sender === null) return { prefix: '', text };
  return { prefix: words.list.from(firstName(nameOf(message.sender))), text };
}

/** A preview is one line: line breaks and runs of space would only waste it. */
function oneLine(body: string): string {
  return body.slice(0, 300).replace(/\s+/gu, ' ');
}

function firstName(name: string): string {
  return name.split(/\s/u)[0] ?? name;
}
