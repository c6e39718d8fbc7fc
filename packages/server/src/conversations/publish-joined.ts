import {
  type ConversationRow,
  limits,
  type Mark,
  type PersonalEvent,
  userTopic,
} from '@parley/protocol';
import type { Context } from '../context.ts';

/**
 * Tells people that they are in a conversation now, each with the row that their list shows.
 *
 * `row` is one newcomer's (or the maker's) view: newcomers of one act all see the same, but for
 * their marks in large groups. `versions` are their new personal versions.
 */
export function publishJoined(
  ctx: Context,
  row: ConversationRow,
  versions: ReadonlyMap<string, number>,
): void {
  for (const [user, me] of versions) {
    const event: PersonalEvent = {
      event: 'conversation.added',
      me,
      conversation: { ...row, marks: marksFor(row, user) },
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
