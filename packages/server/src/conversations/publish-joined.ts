import {
  type ConversationRow,
  limits,
  type Mark,
  type MemberRole,
  type PersonalEvent,
  userTopic,
} from '@parley/protocol';
import type { Context } from '../context.ts';

/** Somebody who is in a conversation now. */
export interface Newcomer {
  /** Their personal version that it took. */
  readonly me: number;
  /** What they count as there. */
  readonly role: MemberRole;
}

/**
 * Tells people that they are in a conversation now, each with the row that their list shows.
 *
 * `row` is one newcomer's (or the maker's) view: newcomers of one act all see the same, but for
 * their own role, and their marks in large groups.
 */
export function publishJoined(
  ctx: Pick<Context, 'scope' | 'bus'>,
  row: ConversationRow,
  newcomers: ReadonlyMap<string, Newcomer>,
): void {
  for (const [user, { me, role }] of newcomers) {
    const event: PersonalEvent = {
      event: 'conversation.added',
      me,
      conversation: { ...row, my_role: role, marks: marksFor(row, user) },
    };
    ctx.bus.publish(userTopic(ctx.scope.tenant, user), [
      {
        type: 'joined',
        conversation: row.id,
        version: row.version,
        lastSeq: row.last_seq,
        me,
        frame: JSON.stringify(event),
      },
    ]);
  }
}

function marksFor(row: ConversationRow, user: string): Readonly<Record<string, Mark>> {
  if (row.member_count <= limits.membersWithMarks) return row.marks;
  // Newcomers of one act start with the same marks.
  const [mark = { read: 0, delivered: 0 }] = Object.values(row.marks);
  return { [user]: mark };
}
