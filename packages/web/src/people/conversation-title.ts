import type { ConversationKind } from '@parley/protocol';
import { words } from '../words.ts';
import type { Person } from './person.ts';

interface Titled {
  readonly id: string;
  readonly kind: ConversationKind | null;
  readonly name: string | null;
  readonly members: readonly Person[];
}

/** How a conversation is named and pictured for one of its people. */
export interface ConversationTitle {
  readonly name: string;
  readonly picture: string | null;
  /** Whose colour the avatar has: the other person's, or the group's own. */
  readonly avatarId: string;
  /** The other person of a direct conversation. */
  readonly person: Person | null;
}

const namesShown = 3;

/** A direct conversation is named by the other person, a group by its name or by its people. */
export function conversationTitle(conversation: Titled, me: string): ConversationTitle {
  const others = conversation.members.filter((member) => member.id !== me);
  if (conversation.kind === 'direct') {
    const person = others[0] ?? conversation.members[0] ?? null;
    return {
      name: person?.name ?? words.people.someone,
      picture: person?.avatar_url ?? null,
      avatarId: person?.id ?? conversation.id,
      person,
    };
  }
  const names = others.slice(0, namesShown).map((member) => member.name);
  const fromPeople = words.people.several(names, others.length - names.length);
  return {
    name: conversation.name ?? (fromPeople || words.conversation.unnamed),
    picture: null,
    avatarId: conversation.id,
    person: null,
  };
}
