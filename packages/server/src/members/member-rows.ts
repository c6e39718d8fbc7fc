import { type Member, ParleyError } from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { Tables } from '../db/tables.ts';
import { profileStamp } from '../users/profile-stamp.ts';

interface MemberRow extends Omit<Member, 'left_at'> {
  readonly left_at: Date | null;
}

/** A member as the wire tells it. */
export function toMember(row: MemberRow): Member {
  return { ...row, left_at: row.left_at?.toISOString() ?? null };
}

/** Member rows with their people's names; add filters, order and limit. */
export function selectMembers(db: Kysely<Tables>, tenant: string, conversation: string) {
  return db
    .selectFrom('member')
    .innerJoin('app_user', (join) =>
      join
        .onRef('app_user.tenant_id', '=', 'member.tenant_id')
        .onRef('app_user.id', '=', 'member.user_id'),
    )
    .select([
      'app_user.id',
      'app_user.name',
      'app_user.avatar_url',
      profileStamp.as('updated_at'),
      'member.role',
      'member.joined_seq',
      'member.version',
      'member.left_at',
    ])
    .where('member.tenant_id', '=', tenant)
    .where('member.conversation_id', '=', conversation);
}

export async function readMember(
  db: Kysely<Tables>,
  tenant: string,
  conversation: string,
  user: string,
): Promise<Member> {
  const row = await selectMembers(db, tenant, conversation)
    .where('member.user_id', '=', user)
    .executeTakeFirst();
  if (row === undefined) throw new ParleyError('not_found', { field: 'user' });
  return toMember(row);
}
