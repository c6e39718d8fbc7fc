import type { PersonId } from './people.ts';

/** A message of the demo before it is numbered. */
export interface DemoMessage {
  /** Milliseconds. */
  readonly at: number;
  readonly from: PersonId;
  readonly text: string;
  /** The place, in its conversation, of the message it answers. */
  readonly replyTo: number | null;
}

/** Who is in a conversation and what they have not read. */
export interface DemoRoom {
  /** The name of its file in `content`, from which its ids follow. */
  readonly key: string;
  /** Null: a direct conversation. */
  readonly name: string | null;
  /** The first one began it. */
  readonly people: readonly PersonId[];
  /** How many of the others' newest messages somebody has not read; absent means none. */
  readonly unread: ReadonlyMap<PersonId, number>;
}

/** A conversation with its whole history, oldest first. */
export interface DemoConversation extends DemoRoom {
  readonly messages: readonly DemoMessage[];
}

/**
 * How far somebody has read: the place after the last message read.
 *
 * Never before the person's own last message, since one has seen what one answers.
 */
export function readUpTo(conversation: DemoConversation, person: PersonId): number {
  const { messages } = conversation;
  let unread = conversation.unread.get(person) ?? 0;
  let place = messages.length;
  while (unread > 0 && place > 0 && messages[place - 1]?.from !== person) {
    place--;
    unread--;
  }
  return place;
}
