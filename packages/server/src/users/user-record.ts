import type { User } from '@parley/protocol';
import type { Selectable } from 'kysely';
import type { AppUserTable } from '../db/tables.ts';

/** What the host product tells of a person. Absent stays as it is, null clears. */
export interface UserProfile {
  readonly id: string;
  readonly name: string;
  readonly avatar_url?: string | null;
  readonly email?: string | null;
  readonly locale?: string | null;
  readonly role?: string;
}

/** A person as stored. */
export type UserRow = Selectable<AppUserTable>;

/** A person as the host product sees them. */
export interface UserRecord extends User {
  readonly email: string | null;
  readonly locale: string | null;
  readonly role: string;
  readonly created_at: string;
  /** When name or picture last changed. */
  readonly updated_at: string;
  /** Since when the person is shut out; null for everybody else. */
  readonly deactivated_at: string | null;
  /** Tokens issued before this are dead; null when none were revoked. */
  readonly tokens_valid_from: string | null;
}

export function toUserRecord(row: UserRow): UserRecord {
  return {
    id: row.id,
    name: row.name,
    avatar_url: row.avatar_url,
    email: row.email,
    locale: row.locale,
    role: row.role,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    deactivated_at: row.deactivated_at?.toISOString() ?? null,
    tokens_valid_from: row.tokens_valid_from?.toISOString() ?? null,
  };
}
