import { hash } from 'node:crypto';
import { directKey } from '../conversations/direct-key.ts';
import { contentHash } from '../messages/content-hash.ts';
import { type DemoConversation, readUpTo } from './conversation.ts';
import { demoLocales, demoPeople, demoTenant, type PersonId } from './people.ts';

/** The demo as rows of the tables, by their column names; times in ISO 8601. */
export interface DemoRows {
  readonly people: readonly PersonRow[];
  readonly conversations: readonly ConversationRow[];
  readonly members: readonly MemberRow[];
  readonly messages: readonly MessageRow[];
}

interface PersonRow {
  readonly id: PersonId;
  readonly name: string;
  readonly avatar_url: string | null;
  readonly locale: string;
  readonly version: number;
  readonly last_seen_at: string;
  readonly created_at: string;
}

interface ConversationRow {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  readonly name: string | null;
  readonly direct_key: string | null;
  readonly last_seq: number;
  readonly version: number;
  readonly member_count: number;
  readonly last_activity_at: string;
  readonly created_by: PersonId;
  readonly created_at: string;
}

interface MemberRow {
  readonly conversation_id: string;
  readonly user_id: PersonId;
  readonly role: 'owner' | 'member';
  readonly me_version: number;
  readonly read_seq: number;
  readonly delivered_seq: number;
}

interface MessageRow {
  readonly conversation_id: string;
  readonly seq: number;
  readonly id: string;
  readonly sender_id: PersonId;
  readonly body: string;
  /** In hexadecimal. */
  readonly content_hash: string;
  readonly reply_to: string | null;
  readonly version: number;
  readonly created_at: string;
}

/**
 * Numbers the conversations as if they had been held here.
 *
 * Creating one took version 1, each message the next; a person's own version counts the
 * conversations they were added to, in the order in which those were made.
 */
export function demoRows(conversations: readonly DemoConversation[]): DemoRows {
  const begun = conversations
    .map((conversation) => ({ conversation, madeAt: madeAt(conversation) }))
    .sort((one, other) => one.madeAt - other.madeAt);
  const lastSeen = lastSeenTimes(conversations);
  const versions = new Map<PersonId, number>();
  const members: MemberRow[] = [];
  const messages: MessageRow[] = [];
  const rows = begun.map(({ conversation, madeAt }) => {
    const row = conversationRow(conversation, madeAt);
    for (const person of conversation.people) {
      const meVersion = (versions.get(person) ?? 0) + 1;
      versions.set(person, meVersion);
      members.push(memberRow(conversation, row.id, person, meVersion, lastSeen.get(person) ?? 0));
    }
    messages.push(...messageRows(conversation, row.id));
    return row;
  });
  const first = begun[0]?.madeAt ?? 0;
  const people = demoPeople.map(({ id, name, avatar_url }) => ({
    id,
    name,
    avatar_url,
    locale: demoLocales[id],
    version: versions.get(id) ?? 0,
    last_seen_at: iso(lastSeen.get(id) ?? first),
    created_at: iso(first - 86_400_000),
  }));
  return { people, conversations: rows, members, messages };
}

function conversationRow(conversation: DemoConversation, madeAt: number): ConversationRow {
  const { key, name, people, messages } = conversation;
  const [first = demoPeople[0].id, second = first] = people;
  return {
    id: demoId(madeAt, key),
    kind: name === null ? 'direct' : 'group',
    name,
    direct_key: name === null ? directKey(first, second) : null,
    last_seq: messages.length,
    version: 1 + messages.length,
    member_count: people.length,
    last_activity_at: iso(messages.at(-1)?.at ?? madeAt),
    created_by: first,
    created_at: iso(madeAt),
  };
}

function memberRow(
  conversation: DemoConversation,
  id: string,
  person: PersonId,
  meVersion: number,
  lastSeen: number,
): MemberRow {
  const read = readUpTo(conversation, person);
  // What came while somebody was away has not reached their devices either.
  const arrived = conversation.messages.findLastIndex(({ at }) => at <= lastSeen) + 1;
  const owner = conversation.name !== null && conversation.people[0] === person;
  return {
    conversation_id: id,
    user_id: person,
    role: owner ? 'owner' : 'member',
    me_version: meVersion,
    read_seq: read,
    delivered_seq: Math.max(read, arrived),
  };
}

function messageRows(conversation: DemoConversation, conversationId: string): MessageRow[] {
  const ids = conversation.messages.map(({ at }, place) =>
    demoId(at, `${conversation.key} ${place}`),
  );
  return conversation.messages.map(({ at, from, text, replyTo }, place) => {
    const reply = replyTo === null ? null : (ids[replyTo] ?? null);
    const content = { sender: from, kind: 'text', body: text, replyTo: reply } as const;
    return {
      conversation_id: conversationId,
      seq: place + 1,
      id: ids[place] ?? '',
      sender_id: from,
      body: text,
      content_hash: contentHash(content).toString('hex'),
      reply_to: reply,
      version: place + 2,
      created_at: iso(at),
    };
  });
}

/** When each person was last here: at the newest message that they have read. */
function lastSeenTimes(conversations: readonly DemoConversation[]): Map<PersonId, number> {
  const times = new Map<PersonId, number>();
  for (const conversation of conversations) {
    for (const person of conversation.people) {
      const read = conversation.messages[readUpTo(conversation, person) - 1]?.at ?? 0;
      times.set(person, Math.max(times.get(person) ?? 0, read));
    }
  }
  return times;
}

// Somebody opens a conversation and then thinks for a minute.
function madeAt(conversation: DemoConversation): number {
  return (conversation.messages[0]?.at ?? 0) - 60_000;
}

/** An id of the form UUIDv7 that follows from a time and a name: the same at every seeding. */
function demoId(at: number, name: string): string {
  const time = at.toString(16).padStart(12, '0');
  const digits = hash('sha256', `${demoTenant.id} ${name} ${at}`, 'hex');
  const variant = '89ab'[Number.parseInt(digits.slice(3, 4), 16) % 4];
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${digits.slice(0, 3)}`,
    `${variant}${digits.slice(4, 7)}`,
    digits.slice(7, 19),
  ].join('-');
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
