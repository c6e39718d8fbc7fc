import { conversationTopic } from '@parley/protocol';
import type { Scope } from '../scope.ts';
import type { Person } from './person.ts';
import type { Rooms } from './rooms.ts';
import { textFrame } from './text-frame.ts';

/** A person's joining: the conversation, and the personal version that it took. */
export interface PersonalJoining {
  readonly conversation: string;
  readonly me: number;
}

export interface JoiningReader {
  /** The frame of `conversation.added` with the row as it is now; null when no longer a member. */
  readonly readJoined: (scope: Scope, joined: PersonalJoining) => Promise<string | null>;
  readonly onError: (error: unknown) => void;
}

/** Tells a person of a conversation as it is now; they listen to it already. */
export function tellJoined(
  rooms: Rooms,
  { readJoined, onError }: JoiningReader,
  person: Person,
  joined: PersonalJoining,
): void {
  const room = rooms.get(conversationTopic(person.scope.tenant, joined.conversation));
  const since = room?.people.get(person);
  const leaveAgain = () => {
    if (room === undefined || since === undefined || room.people.get(person) !== since) return;
    rooms.leave(person, room);
  };
  readJoined(person.scope, joined)
    .then((frame) => {
      if (frame !== null) person.send(textFrame(frame));
      // Removed meanwhile, and the news of that is still on its way.
      else leaveAgain();
    })
    .catch((error: unknown) => {
      // What the next read finds known here it takes for told.
      leaveAgain();
      person.stale = true;
      onError(error);
    });
}
