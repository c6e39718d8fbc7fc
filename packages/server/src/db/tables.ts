import type { JsonObject, SystemAct } from '@parley/protocol';
import type { ColumnType, Generated } from 'kysely';

// bigint columns are read as numbers (see postgres/connect.ts): counters stay far below 2^53.
type Json<T> = ColumnType<T, string, string>;
type Defaulted<T> = Generated<T>;

export interface InstallationTable {
  only_row: Defaulted<boolean>;
  epoch: Defaulted<string>;
  key_fingerprint: Buffer | null;
}

/** What a tenant has decided; absent means the default. */
export interface TenantSettings {
  /** Whom a person may find: everybody (default), those who share a conversation, nobody. */
  readonly directory?: 'all' | 'shared' | 'none';
  /** Origins, besides the server's own, whose pages may connect for this tenant. */
  readonly allowed_origins?: readonly string[];
}

export interface TenantTable {
  id: string;
  name: string;
  settings: ColumnType<TenantSettings, string | undefined, string>;
  created_at: Defaulted<Date>;
}

export interface ApiKeyTable {
  tenant_id: string;
  id: string;
  secret_hash: Buffer;
  created_at: Defaulted<Date>;
}

export interface SigningKeyTable {
  tenant_id: string;
  kid: string;
  algorithm: string;
  secret: Buffer;
  created_at: Defaulted<Date>;
}

export interface AppUserTable {
  tenant_id: string;
  id: string;
  name: string;
  avatar_url: string | null;
  email: string | null;
  locale: string | null;
  role: Defaulted<string>;
  version: Defaulted<number>;
  last_seen_at: Date | null;
  deactivated_at: Date | null;
  created_at: Defaulted<Date>;
  updated_at: Defaulted<Date>;
}

export interface ConversationTable {
  tenant_id: string;
  id: string;
  kind: 'direct' | 'group';
  name: string | null;
  direct_key: string | null;
  history: Defaulted<'joined' | 'all'>;
  metadata: ColumnType<JsonObject, string | undefined, string>;
  first_seq: Defaulted<number>;
  last_seq: Defaulted<number>;
  version: Defaulted<number>;
  fields_version: Defaulted<number>;
  member_count: number;
  last_activity_at: Date;
  created_by: string;
  created_at: Date;
}

export interface MemberTable {
  tenant_id: string;
  conversation_id: string;
  user_id: string;
  role: 'owner' | 'admin' | 'member';
  joined_seq: number;
  joined_version: number;
  me_version: number;
  read_seq: Defaulted<number>;
  delivered_seq: Defaulted<number>;
  muted_until: Date | null;
  archived_at: Date | null;
  left_at: Date | null;
  version: number;
}

export interface MessageTable {
  tenant_id: string;
  conversation_id: string;
  seq: number;
  id: string;
  sender_id: string;
  kind: 'text' | 'system';
  body: string;
  content_hash: Buffer;
  reply_to: string | null;
  thread_root: string | null;
  act: Json<SystemAct> | null;
  edited_at: Date | null;
  deleted_at: Date | null;
  created_version: number;
  version: number;
  created_at: Date;
}

/** The schema as Kysely reads it; the migrations are the truth, `schema.sql` their sum. */
export interface Tables {
  installation: InstallationTable;
  tenant: TenantTable;
  api_key: ApiKeyTable;
  signing_key: SigningKeyTable;
  app_user: AppUserTable;
  conversation: ConversationTable;
  member: MemberTable;
  message: MessageTable;
}
