import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../scope.ts';

/**
 * Those whom the acting person blocks, as a list for `in`.
 *
 * It does not depend on any row, so PostgreSQL reads it once for a statement, however many rows ask.
 */
export function blockedBy(scope: Scope): RawBuilder<string> {
  return sql<string>`(
    select block.blocked_id from block
    where block.tenant_id = ${scope.tenant} and block.blocker_id = ${scope.user}
  )`;
}

/** Those who block the acting person, as a list for `in`. Nobody must learn from it who they are. */
export function blockersOf(scope: Scope): RawBuilder<string> {
  return sql<string>`(
    select block.blocker_id from block
    where block.tenant_id = ${scope.tenant} and block.blocked_id = ${scope.user}
  )`;
}
