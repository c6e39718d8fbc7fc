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
  /** What plain members of a group may do besides talking; nothing by default. */
  readonly members_may?: readonly ('rename' | 'add')[];
  /** Whom a person may find: everybody (default), those who share a conversation, nobody. */
  readonly directory?: 'all' | 'shared' | 'none';
  /** Origins, besides the server's own, whose pages may connect for this tenant. */
  readonly allowed_origins?: readonly string[];
  /** Origins, besides the server's own, whose pages may show the chat page in a frame. */
  readonly frame_ancestors?: readonly string[];
}

export interface TenantTable {
  id: string;
  name: string;
  settings: ColumnType<TenantSettings, string | undefined, string>;
  created_at: Defaulted<Date>;
  access_version: Defaulted<number>;
  suspended_at: Date | null;
}

export interface ApiKeyTable {
  tenant_id: string;
  id: string;
  secret_hash: Buffer;
  created_at: Defaulted<Date>;
  name: Defaulted<string>;
  scopes: Defaulted<string[]>;
  expires_at: Date | null;
  last_used_at: Date | null;
}

export interface KeySourceTable {
  tenant_id: string;
  id: string;
  url: string;
  created_at: Defaulted<Date>;
  read_at: Date | null;
  failure: string | null;
  failures: Defaulted<number>;
  next_read_at: Defaulted<Date>;
}

export interface SigningKeyTable {
  tenant_id: string;
  kid: string;
  algorithm: 'HS256' | 'ES256' | 'EdDSA' | 'RS256';
  /** Sealed; null for a public key. */
  secret: Buffer | null;
  public_key: ColumnType<JsonObject | null, string | null, string | null>;
  source_id: string | null;
  created_at: Defaulted<Date>;
  /** Another one for each time that a key is registered, under whatever id. */
  registration: Defaulted<string>;
}

export interface BlockTable {
  tenant_id: string;
  blocker_id: string;
  blocked_id: string;
  created_at: Date;
}

export interface AuditEntryTable {
  tenant_id: string;
  id: string;
  at: Date;
  actor_kind: 'operator' | 'key' | 'person' | 'system';
  actor_id: string | null;
  action: string;
  target: ColumnType<JsonObject, string | undefined, never>;
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
  tokens_valid_from: Date | null;
  blocks_version: Defaulted<number>;
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
  blocked: Defaulted<boolean>;
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
  key_source: KeySourceTable;
  signing_key: SigningKeyTable;
  block: BlockTable;
  audit_entry: AuditEntryTable;
  app_user: AppUserTable;
  conversation: ConversationTable;
  member: MemberTable;
  message: MessageTable;
}

/** What `parley_core` may read across tenants: what the migrations grant it, column by column. */
export interface CoreTables {
  installation: InstallationTable;
  tenant: Pick<TenantTable, 'id' | 'settings' | 'access_version' | 'suspended_at'>;
  key_source: Pick<KeySourceTable, 'tenant_id' | 'id' | 'next_read_at'>;
  signing_key: Pick<SigningKeyTable, 'tenant_id' | 'kid' | 'registration'>;
  app_user: Pick<
    AppUserTable,
    'tenant_id' | 'id' | 'version' | 'deactivated_at' | 'tokens_valid_from'
  >;
  block: Pick<BlockTable, 'tenant_id' | 'blocker_id' | 'blocked_id'>;
  conversation: Pick<
    ConversationTable,
    'tenant_id' | 'id' | 'kind' | 'blocked' | 'version' | 'last_seq' | 'last_activity_at'
  >;
  member: Pick<MemberTable, 'tenant_id' | 'conversation_id' | 'user_id' | 'joined_seq' | 'left_at'>;
  /** Others are written too, by the append path; none of them is read. */
  message: Pick<
    MessageTable,
    | 'tenant_id'
    | 'conversation_id'
    | 'seq'
    | 'id'
    | 'content_hash'
    | 'created_version'
    | 'created_at'
  >;
}
