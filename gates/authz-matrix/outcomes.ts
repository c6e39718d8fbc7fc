import type { Outcome } from './cell.ts';
import {
  type Actor,
  type ConversationName,
  extras,
  type Place,
  people,
  placeOf,
  rivalOnly,
  share,
} from './people.ts';

/** What a tenant's directory shows. */
export type Directory = 'all' | 'shared' | 'none';

const insiders = ['olga', 'adam', 'mia', 'gus', 'bob', 'mona', 'tara'];
/** Ids of the tenant `acme`. */
export const known = [...insiders, 'sam', 'rita', 'otto', ...Object.values(extras)];
const staff: readonly Actor[] = ['moderator', 'tenantAdmin', 'outsideAdmin', 'rivalAdmin'];

export type Rule = (place: Place, name: ConversationName) => Outcome;
export const anybody: Rule = () => 'ok';
export const managers: Rule = (place, name) =>
  isGroup(name) && (place === 'owner' || place === 'admin') ? 'ok' : 'not_allowed';

export function isGroup(name: ConversationName): boolean {
  return name === 'group' || name === 'others' || name === 'foreign';
}

/** Whether a person of this id is in the actor's tenant, and there still. */
function exists(actor: Actor, user: string): boolean {
  if (people[actor].tenant === 'acme') return known.includes(user) && user !== extras.dan;
  return ['mia', 'olga', rivalOnly].includes(user);
}

export function isStaff(actor: Actor): boolean {
  return staff.includes(actor);
}

/** Whom somebody may find and write to. */
function reaches(actor: Actor, user: string, directory: Directory): boolean {
  if (!exists(actor, user)) return false;
  if (isStaff(actor) || user === people[actor].id) return true;
  if (actor === 'guest') return share(actor, user);
  switch (directory) {
    case 'all':
      return true;
    case 'shared':
      return share(actor, user);
    case 'none':
      return false;
  }
}

/** Whose profile and presence somebody may see: also of those they share a conversation with. */
export function sees(actor: Actor, user: string, directory: Directory): boolean {
  return reaches(actor, user, directory) || (exists(actor, user) && share(actor, user));
}

export function blocks(actor: Actor, user: string): boolean {
  return actor === 'owner' && user === 'bob';
}

/** Whether this person has blocked the actor. */
export function isBlockedBy(actor: Actor, user: string): boolean {
  return (actor === 'blocked' && user === 'olga') || (actor === 'admin' && user === extras.bea);
}

export function finds(actor: Actor, user: string, directory: Directory): boolean {
  return (
    reaches(actor, user, directory) &&
    user !== people[actor].id &&
    !blocks(actor, user) &&
    !isBlockedBy(actor, user)
  );
}

/** Making a conversation with one other person. */
export function creation(
  actor: Actor,
  kind: 'direct' | 'group',
  user: string,
  directory: Directory,
): Outcome {
  if (actor === 'guest') return 'not_allowed';
  if (user === people[actor].id) return kind === 'direct' ? 'bad_request' : 'ok';
  // What two people have already is returned, whatever holds between them now.
  const pair = [people[actor].id, user].sort().join(' ');
  const has = people[actor].tenant === 'acme' && ['mia olga', 'bob olga'].includes(pair);
  if (kind === 'direct' && has) return 'ok';
  return reaches(actor, user, directory) && !isBlockedBy(actor, user) ? 'ok' : 'not_found';
}

export function addition(
  actor: Actor,
  name: ConversationName,
  user: string,
  directory: Directory,
): Outcome {
  const place = placeOf(actor, name);
  if (place === undefined) return 'not_found';
  if (managers(place, name) !== 'ok') return 'not_allowed';
  // Who is in it already stays as they are.
  if (isIn(actor, name, user)) return 'ok';
  return reaches(actor, user, directory) && !isBlockedBy(actor, user) ? 'ok' : 'not_found';
}

export function removal(actor: Actor, name: ConversationName, user: string): Outcome {
  const place = placeOf(actor, name);
  if (place === undefined) return 'not_found';
  if (!isGroup(name)) return 'not_allowed';
  if (user === people[actor].id) return 'ok';
  if (managers(place, name) !== 'ok') return 'not_allowed';
  if (!isIn(actor, name, user)) return 'not_found';
  // Who moderates or administers the tenant counts as more than their row says.
  const staffOfGroup = ['olga', 'adam', 'mona', 'tara'].includes(user);
  const below = name === 'group' ? !staffOfGroup : rowRole(name, user) === 'member';
  return place === 'owner' || below ? 'ok' : 'not_allowed';
}

export function promotion(
  actor: Actor,
  name: ConversationName,
  user: string,
  role: 'owner' | 'admin' | 'member',
): Outcome {
  const place = placeOf(actor, name);
  if (place === undefined) return 'not_found';
  if (place !== 'owner' || !isGroup(name)) return 'not_allowed';
  if (!isIn(actor, name, user)) return 'not_found';
  if (rowRole(name, user) === role) return 'ok';
  if (user === people[actor].id) {
    // Up is for others to say; the only owner may not step down.
    return rowRole(name, user) === 'owner' && name === 'foreign' ? 'ok' : 'not_allowed';
  }
  if (user === 'gus' && role !== 'member') return 'not_allowed';
  // The last owner is not taken down by a tenant's admin either.
  return name === 'group' && user === 'olga' ? 'not_allowed' : 'ok';
}

function isIn(actor: Actor, name: ConversationName, user: string): boolean {
  switch (name) {
    case 'group':
      return insiders.includes(user);
    case 'others':
      return user === 'sam' || user === extras.tess;
    case 'foreign':
      return people[actor].tenant === 'rival' && (user === 'mia' || user === 'olga');
    default:
      return false;
  }
}

/** The role in the conversation's own row, whatever the tenant adds. */
function rowRole(name: ConversationName, user: string): 'owner' | 'admin' | 'member' {
  if (name === 'foreign') return 'owner';
  if (name === 'others') return user === 'sam' ? 'owner' : 'member';
  return user === 'olga' ? 'owner' : user === 'adam' ? 'admin' : 'member';
}
