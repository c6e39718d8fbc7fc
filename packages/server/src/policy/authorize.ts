import { effectiveRole, ParleyError, reaches, type TenantRole } from '@parley/protocol';
import { commandPolicy } from './command-policy.ts';
import type { PersonRight, Rank, Standing } from './right.ts';

type Table = typeof commandPolicy;

/** A command that a person may or may not do. */
export type PersonalAct = {
  [T in keyof Table]: Table[T] extends PersonRight ? T : never;
}[keyof Table];

/** A command about one conversation. */
export type PlacedAct = {
  [T in PersonalAct]: Table[T] extends { readonly place: object } ? T : never;
}[PersonalAct];

/** Refuses what guests may not do. Throws `not_allowed`. */
export function authorizePerson(act: PersonalAct, tenantRole: TenantRole): void {
  const right: PersonRight = commandPolicy[act];
  if (right.guests || tenantRole !== 'guest') return;
  throw new ParleyError('not_allowed', {
    message: 'Guests only take part in the conversations that they were put into.',
  });
}

/** Refuses what somebody who is in a conversation may not do there. Throws `not_allowed`. */
export function authorizePlace(act: PlacedAct, standing: Standing): void {
  authorizePerson(act, standing.tenantRole);
  const { place }: PersonRight = commandPolicy[act];
  if (place === undefined) return;
  if (!place.kinds.includes(standing.kind))
    throw new ParleyError('not_allowed', { message: forEver });
  if (standing.kind === 'direct') return;
  if (place.opened !== undefined && standing.opened.includes(place.opened)) return;
  if (reaches(effectiveRole(standing.role, standing.tenantRole), place.role)) return;
  const needed = place.role === 'owner' ? 'An owner' : 'An owner or admin';
  throw new ParleyError('not_allowed', { message: `${needed} of the group does that. Ask one.` });
}

/** Refuses an act upon somebody of the same or a higher role; owners do it to anybody. */
export function authorizeUpon(act: PlacedAct, actor: Rank, target: Rank): void {
  const { place }: PersonRight = commandPolicy[act];
  if (place?.upon !== 'lower') return;
  const mine = effectiveRole(actor.role, actor.tenantRole);
  const theirs = effectiveRole(target.role, target.tenantRole);
  if (mine === 'owner' || !reaches(theirs, mine)) return;
  throw new ParleyError('not_allowed', {
    message: 'Their role is not below yours. An owner of the group does that. Ask one.',
  });
}

const forEver =
  'A direct conversation is its two people, for ever. Make a group, or archive this one.';
