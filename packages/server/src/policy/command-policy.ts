import type { CommandType } from '@parley/protocol';
import type { PersonRight, PlaceRight, Right } from './right.ts';

const anyone = { who: 'anyone' } as const;
const everybody = { who: 'person', guests: true } as const;
const noGuest = { who: 'person', guests: false } as const;

/** Whoever is in the conversation, of either kind. */
const inside = {
  ...everybody,
  place: { kinds: ['direct', 'group'], role: 'member' },
} as const satisfies PersonRight;

/** Groups only: a direct conversation keeps its two people and has no name. */
function inGroup<const P extends Omit<PlaceRight, 'kinds'>>(place: P) {
  return { place: { kinds: ['group'], ...place } } as const;
}

/**
 * Who may do what on the socket; HTTP operations of the same name in `operation-policy.ts` follow it.
 *
 * Roles count as `effectiveRole` says. Whoever has no place in a conversation gets `not_found`, as if
 * there were none. A command without a row does not compile.
 */
export const commandPolicy = {
  hello: anyone,
  'token.refresh': everybody,
  ping: everybody,
  sync: everybody,

  'conversation.create': noGuest,
  'conversation.list': everybody,
  'conversation.get': inside,
  'conversation.update': { ...noGuest, ...inGroup({ role: 'admin', opened: 'rename' }) },
  'conversation.leave': { ...everybody, ...inGroup({ role: 'member' }) },

  'member.list': inside,
  'member.add': { ...noGuest, ...inGroup({ role: 'admin', opened: 'add' }) },
  // Removing oneself is leaving, and asks for its row.
  'member.remove': { ...noGuest, ...inGroup({ role: 'admin', upon: 'lower' }) },
  // What roles may be given is in `role-change.ts`.
  'member.update': { ...noGuest, ...inGroup({ role: 'owner' }) },

  'message.send': inside,
  'message.list': inside,
  read: inside,
  delivered: inside,
  typing: inside,

  // Whom one may find and watch is in `reach.ts`.
  'user.search': noGuest,
  'user.get': everybody,
  'presence.watch': everybody,
  'presence.unwatch': everybody,

  'block.add': everybody,
  'block.remove': everybody,
  'block.list': everybody,
} as const satisfies Readonly<Record<CommandType, Right>>;
