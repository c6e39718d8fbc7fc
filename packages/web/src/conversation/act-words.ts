import type { Message } from '@parley/protocol';
import { words } from '../words.ts';

/** What a system message tells; `nameOf` says `You` for me. */
export function actWords(message: Message, nameOf: (id: string) => string): string {
  const actor = message.sender === null ? words.people.someone : nameOf(message.sender);
  const { acts } = words.message;
  const { act } = message;
  switch (act?.type) {
    case 'members_added':
      return acts.added(actor, act.users.map(nameOf));
    case 'member_removed':
      return acts.removed(actor, nameOf(act.user));
    case 'member_left':
      return acts.left(actor);
    case 'renamed':
      return acts.renamed(actor, act.name);
    // An act of a newer server: say what can be said.
    case undefined:
      return message.body || acts.other(actor);
  }
}

/** Everybody a message mentions: who wrote it and whom its act names. */
export function peopleIn(message: Pick<Message, 'sender' | 'act'>): readonly string[] {
  const ids = message.sender === null ? [] : [message.sender];
  switch (message.act?.type) {
    case 'members_added':
      return [...ids, ...message.act.users];
    case 'member_removed':
      return [...ids, message.act.user];
    case 'member_left':
    case 'renamed':
    case undefined:
      return ids;
  }
}
