import { type JsonObject, newId } from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { Tables } from '../db/tables.ts';
import type { Actor } from './actor.ts';

/** What the audit log keeps: acts that give authority or take it away. */
export type AuditAction =
  | 'tenant.suspended'
  | 'tenant.resumed'
  | 'settings.changed'
  | 'api_key.created'
  | 'api_key.revoked'
  | 'signing_key.created'
  | 'signing_key.revoked'
  | 'key_source.created'
  | 'key_source.removed'
  | 'user.revoked'
  | 'user.deactivated'
  | 'user.restored'
  | 'user.role_changed'
  | 'member.removed'
  | 'member.role_changed'
  | 'block.added'
  | 'block.removed';

/** One act: who, what, to what, when. */
export interface AuditEntry {
  readonly actor: Actor;
  readonly action: AuditAction;
  /** What it was done to: ids and settings only, never content or secrets. */
  readonly target: JsonObject;
  readonly at: Date;
}

/**
 * Writes an act down in the caller's transaction: no act without its entry, no entry without its act.
 *
 * Rows are only ever added.
 */
export function recordAct(trx: Kysely<Tables>, tenant: string, entry: AuditEntry): Promise<void> {
  return recordActs(trx, tenant, [entry]);
}

/** The same for several, in their order, at once: who waits for the transaction waits less. */
export async function recordActs(
  trx: Kysely<Tables>,
  tenant: string,
  entries: readonly AuditEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await trx
    .insertInto('audit_entry')
    .values(
      entries.map(({ actor, action, target, at }) => ({
        tenant_id: tenant,
        // A UUIDv7: ids order the log by time.
        id: newId(),
        at,
        actor_kind: actor.kind,
        actor_id: 'id' in actor ? actor.id : null,
        action,
        target: JSON.stringify(target),
      })),
    )
    .execute();
}
