import type { MemberRole } from '@parley/protocol';
import { sql } from 'kysely';
import type { Change, Changing } from '../conversations/change.ts';

/** Who would have a group without one of its people. */
export interface Heir {
  readonly user: string;
  /** `owner`: there is another one, and nothing is left to inherit. */
  readonly role: MemberRole;
}

/**
 * Another owner, else the admin and else the member who has been in the group for longest.
 *
 * Guests and the deactivated are passed over: they could not act as an owner. Where nobody else is
 * left, the group has none.
 */
export async function findHeir(
  ctx: Changing,
  change: Change,
  without: string,
): Promise<Heir | undefined> {
  const { rows } = await sql<Heir>`
    select member.user_id as user, member.role
    from member
    join app_user on app_user.tenant_id = member.tenant_id and app_user.id = member.user_id
    where member.tenant_id = ${ctx.scope.tenant} and member.conversation_id = ${change.before.id}
      and member.left_at is null and member.user_id <> ${without}
      and app_user.deactivated_at is null and app_user.role <> 'guest'
    order by case member.role when 'owner' then 0 when 'admin' then 1 else 2 end,
      member.joined_version, member.user_id
    limit 1`.execute(change.trx);
  return rows[0];
}

/**
 * The same, of whom it holds until the end of the transaction; an owner there is need not be held.
 *
 * Who is shut out at this moment is it before, and passed over, or after, and hands the group on.
 * `also` names whom the transaction locks later: people are locked in the order of their ids.
 */
export async function lockHeir(
  ctx: Changing,
  change: Change,
  without: string,
  also: readonly string[] = [],
): Promise<Heir | undefined> {
  for (;;) {
    const heir = await findHeir(ctx, change, without);
    if (heir === undefined || heir.role === 'owner') return heir;
    const people = [heir.user, ...also];
    await sql`
      select id from app_user
      where tenant_id = ${ctx.scope.tenant} and id = any(${people}::text[])
      order by id for no key update`.execute(change.trx);
    // Looked up again, now that nobody can change what they are.
    if ((await findHeir(ctx, change, without))?.user === heir.user) return heir;
  }
}
