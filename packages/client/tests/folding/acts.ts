import { type MemberRole, newId } from '@parley/protocol';
import fc from 'fast-check';
import type { TestSocket } from '../../../server/src/testing/test-socket.ts';

/** What people do; numbers pick among those there are at that moment. */
export type Act =
  | { readonly type: 'direct'; readonly by: number; readonly with: number }
  | { readonly type: 'group'; readonly by: number; readonly members: readonly number[] }
  | { readonly type: 'say'; readonly by: number; readonly in: number; readonly body: string }
  | { readonly type: 'rename'; readonly by: number; readonly in: number; readonly name: string }
  | {
      readonly type: 'add' | 'remove';
      readonly by: number;
      readonly in: number;
      readonly who: number;
    }
  | { readonly type: 'leave'; readonly by: number; readonly in: number }
  | {
      readonly type: 'role';
      readonly by: number;
      readonly in: number;
      readonly who: number;
      readonly role: MemberRole;
    }
  | { readonly type: 'block'; readonly by: number; readonly who: number }
  | { readonly type: 'unblock'; readonly by: number; readonly who: number }
  | { readonly type: 'read'; readonly by: number; readonly in: number; readonly back: number }
  | { readonly type: 'delivered'; readonly by: number; readonly in: number; readonly back: number }
  | { readonly type: 'profile'; readonly who: number; readonly name: string }
  | { readonly type: 'cut' };

/** Who takes part; ann is the one whose screen is looked at. */
export const people = ['ann', 'bob', 'cy', 'dee'];
const person = fc.nat(people.length - 1);
const index = fc.nat(5);
const text = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((one) => one.trim() !== '');

/** Any act; what its person may not do is refused, and must change nothing. */
export const anyAct: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('direct' as const), by: person, with: person }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('group' as const),
      by: person,
      members: fc.array(person, { maxLength: 3 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('say' as const), by: person, in: index, body: text }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('rename' as const),
      by: person,
      in: index,
      name: text,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('add' as const, 'remove' as const),
      by: person,
      in: index,
      who: person,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('leave' as const), by: person, in: index }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('role' as const),
      by: person,
      in: index,
      who: person,
      role: fc.constantFrom('owner' as const, 'admin' as const, 'member' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('block' as const, 'unblock' as const),
      // Mostly ann, whose view it is.
      by: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, person),
      who: person,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('read' as const, 'delivered' as const),
      by: person,
      in: index,
      back: fc.nat(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('profile' as const), who: person, name: text }),
  },
  { weight: 4, arbitrary: fc.constant({ type: 'cut' as const }) },
);

/** What every run begins with, so that there is something to act on. */
export const beginning: readonly Act[] = [
  { type: 'group', by: 1, members: [0, 2] },
  { type: 'direct', by: 0, with: 1 },
  { type: 'group', by: 0, members: [1, 2, 3] },
];

/** Does it by this person's socket; a new conversation joins the list. Throws what the server refuses. */
export async function performAct(
  socket: TestSocket,
  conversations: string[],
  act: Exclude<Act, { type: 'cut' | 'profile' }>,
): Promise<void> {
  if (act.type === 'block' || act.type === 'unblock') {
    const user = people[act.who] ?? '';
    await socket.ask(act.type === 'block' ? 'block.add' : 'block.remove', { user });
    return;
  }
  if (act.type === 'direct' || act.type === 'group') {
    const members = act.type === 'direct' ? [act.with] : act.members;
    const { conversation } = await socket.ask('conversation.create', {
      kind: act.type,
      members: members.map((one) => people[one] ?? ''),
    });
    if (!conversations.includes(conversation.id)) conversations.push(conversation.id);
    return;
  }
  const conversation = conversations[act.in % conversations.length];
  if (conversation === undefined) return;
  switch (act.type) {
    case 'say':
      await socket.ask('message.send', { conversation, message: { id: newId(), body: act.body } });
      break;
    case 'rename':
      await socket.ask('conversation.update', { conversation, name: act.name });
      break;
    case 'add':
      await socket.ask('member.add', { conversation, users: [people[act.who] ?? ''] });
      break;
    case 'remove':
      await socket.ask('member.remove', { conversation, user: people[act.who] ?? '' });
      break;
    case 'role': {
      const user = people[act.who] ?? '';
      await socket.ask('member.update', { conversation, user, role: act.role });
      break;
    }
    case 'leave':
      await socket.ask('conversation.leave', { conversation });
      break;
    case 'read':
    case 'delivered': {
      const row = await socket.ask('conversation.get', { conversation });
      const seq = Math.max(0, row.conversation.last_seq - act.back);
      if (act.type === 'read') await socket.ask('read', { conversation, seq });
      else await socket.ask('delivered', { marks: { [conversation]: seq } });
    }
  }
}
