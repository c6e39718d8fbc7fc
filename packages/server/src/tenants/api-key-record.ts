import type { Selectable } from 'kysely';
import type { ApiKeyTable } from '../db/tables.ts';
import { type ApiKeyScope, apiKeyScopes } from '../policy/right.ts';

/** An API key as its tenant may see it: everything but the secret. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly created_at: string;
  readonly expires_at: string | null;
  /** To the minute. */
  readonly last_used_at: string | null;
}

export const apiKeyColumns = [
  'id',
  'name',
  'scopes',
  'created_at',
  'expires_at',
  'last_used_at',
] as const;

export function apiKeyRecord(
  row: Pick<Selectable<ApiKeyTable>, (typeof apiKeyColumns)[number]>,
): ApiKeyRecord {
  return {
    id: row.id,
    name: row.name,
    scopes: apiKeyScopes.filter((scope) => row.scopes.includes(scope)),
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
  };
}
