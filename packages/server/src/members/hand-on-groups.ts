import { type Kysely, sql } from 'kysely';
import type { Actor } from '../audit/actor.ts';
import type { Bus } from '../bus/bus.ts';
import { runChange } from '../conversations/change-conversation.ts';
import type { Database } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { tenantRoleOf } from '../policy/tenant-role.ts';
import { changeRole } from './change-role.ts';
import { lockHeir } from './find-heir.ts';

interface Parts {
  readonly db: Database;
  readonly bus: Bus;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

interface HandOn {
  readonly tenant: string;
  /** Who can no longer act as owners: guests now, or shut out. */
  readonly users: readonly string[];
  readonly actor: Actor;
}

/**
 * Makes somebody owner of each group whose only owner can no longer act as one.
 *
 * The heir is as when that person leaves, who however stays, and keeps the role for when they are back.
 * After the commit that takes their authority, since from then on nobody makes them an only owner. Call
 * it again when that is said again: the first time may have been cut off.
 */
export async function handOnGroups(parts: Parts, input: HandOn): Promise<void> {
  const { tenant, users, actor } = input;
  if (users.length === 0) return;
  const db = parts.db.of(tenant);
  for (const { user, group } of await ownedGroups(db.sql, tenant, users)) {
    const ctx = { scope: { tenant, user }, db, bus: parts.bus, now: parts.now };
    await runChange(
      ctx,
      group,
      async () => ({ kind: 'group', role: 'owner', tenantRole: 'member', opened: [] }),
      async (change) => {
        if (!(await isOwnerInVain(change.trx, tenant, group, user))) return;
        const heir = await lockHeir(ctx, change, user);
        if (heir === undefined || heir.role === 'owner') return;
        await changeRole(ctx, change, { user: heir.user, role: 'owner', actor });
      },
    );
  }
}

/** The groups that they own, as far as somebody else is there. */
async function ownedGroups(
  db: Kysely<Tables>,
  tenant: string,
  users: readonly string[],
): Promise<readonly { readonly user: string; readonly group: string }[]> {
  const { rows } = await sql<{ user: string; group: string }>`
    select member.user_id as user, member.conversation_id as group from member
    join conversation on conversation.tenant_id = member.tenant_id
      and conversation.id = member.conversation_id
    where member.user_id = any(${users}::text[]) and member.tenant_id = ${tenant}
      and member.left_at is null and member.role = 'owner' and conversation.member_count > 1
    order by member.conversation_id, member.user_id`.execute(db);
  return rows;
}

/** Read under the lock: they may have left meanwhile, or have been put back. */
async function isOwnerInVain(
  trx: Kysely<Tables>,
  tenant: string,
  conversation: string,
  user: string,
): Promise<boolean> {
  const { rows } = await sql<{ role: string; deactivated: boolean }>`
    select app_user.role, app_user.deactivated_at is not null as deactivated
    from member
    join app_user on app_user.tenant_id = member.tenant_id and app_user.id = member.user_id
    where member.tenant_id = ${tenant} and member.conversation_id = ${conversation}
      and member.user_id = ${user} and member.left_at is null and member.role = 'owner'`.execute(
    trx,
  );
  const [row] = rows;
  return row !== undefined && (row.deactivated || tenantRoleOf(row.role) === 'guest');
}
