import type { Message } from '@parley/protocol';
import { words } from '../words.ts';

/** What a system message tells; `nameOf` has the names of others. */
export function actWords(message: Message, me: string, nameOf: (id: string) => string): string {
  const { sender, act } = message;
  const { someone, you, youAsObject, yourself } = words.people;
  const actor = sender === null ? someone : sender === me ? you : nameOf(sender);
  const mine = sender === me ? yourself : youAsObject;
  const whom = (id: string) => (id === me ? mine : nameOf(id));
  const { acts } = words.message;
  switch (act?.type) {
    case 'members_added':
      return acts.added(actor, act.users.map(whom));
    case 'member_removed':
      return acts.removed(actor, whom(act.user));
    case 'member_left':
      return acts.left(actor);
    case 'renamed':
      return acts.renamed(actor, act.name);
    case 'role_changed': {
      const made = { owner: acts.madeOwner, admin: acts.madeAdmin, member: acts.madeMember };
      return made[act.role](actor, whom(act.user));
    }
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
    case 'role_changed':
      return [...ids, message.act.user];
    case 'member_left':
    case 'renamed':
    case undefined:
      return ids;
  }
}
