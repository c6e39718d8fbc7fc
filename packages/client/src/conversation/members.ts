import { type ConversationRow, limits, type Member, type User } from '@parley/protocol';
import { raiseMark, showsMarks, withoutMark } from './marks.ts';
import { own } from './own.ts';

/** The order of members in a row: by id, code point by code point, as the server sorts. */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    // Halves of astral characters come after everything else, though their units are smaller.
    if (left !== right) return astral(left) - astral(right) || left - right;
  }
  return a.length - b.length;
}

function astral(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? 1 : 0;
}

/** The conversation after a member's row changed: joined, left, or with another role. */
export function withMember(
  row: ConversationRow,
  member: Member,
  memberCount: number,
  me: string,
): ConversationRow {
  const before = row.members.find((one) => one.id === member.id);
  const isNewer = before === undefined || member.version >= before.version;
  const others = row.members.filter((one) => one.id !== member.id);
  const left = member.left_at !== null;
  return {
    ...row,
    my_role: isNewer && !left && member.id === me ? member.role : row.my_role,
    member_count: memberCount,
    members: left ? others : first50([...others, isNewer ? member : before]),
    marks: left ? withoutMark(row.marks, member.id) : marksWith(row, member, memberCount, me),
  };
}

function first50(members: Member[]): Member[] {
  return members.sort((a, b) => compareIds(a.id, b.id)).slice(0, limits.membersInRow);
}

function marksWith(
  row: ConversationRow,
  member: Member,
  memberCount: number,
  me: string,
): ConversationRow['marks'] {
  if (!showsMarks(memberCount)) {
    const mine = own(row.marks, me);
    return mine === undefined ? {} : { [me]: mine };
  }
  // Who joins starts with everything before read and delivered.
  const known = Object.hasOwn(row.marks, member.id) || member.joined_seq > 1;
  const start = known ? member.joined_seq - 1 : row.last_seq;
  return raiseMark(row.marks, member.id, { read: start });
}

/** Whether somebody left, and who or whose marks take the place was not told. */
export function isIncomplete(before: ConversationRow, after: ConversationRow): boolean {
  return (
    after.members.length < Math.min(after.member_count, limits.membersInRow) ||
    (showsMarks(after.member_count) && !showsMarks(before.member_count))
  );
}

/** A person's new name or picture wherever the person is a member; the same object when not. */
export function withUser(row: ConversationRow, user: User): ConversationRow {
  const index = row.members.findIndex((one) => one.id === user.id);
  const member = row.members[index];
  if (member === undefined) return row;
  const { name, avatar_url, updated_at } = user;
  if (member.updated_at === updated_at && member.name === name) return row;
  return { ...row, members: row.members.with(index, { ...member, name, avatar_url, updated_at }) };
}
