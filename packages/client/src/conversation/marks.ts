import { type ConversationRow, limits, type Mark } from '@parley/protocol';
import { own } from './own.ts';

type Marks = ConversationRow['marks'];

export function markOf(marks: Marks, user: string): Mark {
  return own(marks, user) ?? { read: 0, delivered: 0 };
}

/** Marks only grow, so old news does no harm. What is read was delivered. The same object when nothing grew. */
export function raiseMark(marks: Marks, user: string, to: Partial<Mark>): Marks {
  const old = own(marks, user);
  const read = Math.max(old?.read ?? 0, to.read ?? 0);
  const delivered = Math.max(old?.delivered ?? 0, to.delivered ?? 0, to.read ?? 0);
  if (old?.read === read && old.delivered === delivered) return marks;
  return { ...marks, [user]: { read, delivered } };
}

/** The server's marks: its people, with whatever is further of its news and mine. */
export function mergeMarks(mine: Marks, theirs: Marks): Marks {
  let merged = theirs;
  for (const user of Object.keys(theirs)) {
    const mark = own(mine, user);
    if (mark !== undefined) merged = raiseMark(merged, user, mark);
  }
  return merged;
}

export function withoutMark(marks: Marks, user: string): Marks {
  if (!Object.hasOwn(marks, user)) return marks;
  const { [user]: _, ...rest } = marks;
  return rest;
}

/** Above 100 members nobody is told others' marks. */
export function showsMarks(memberCount: number): boolean {
  return memberCount <= limits.membersWithMarks;
}
