-- Tenants, people, conversations, messages.
--
-- The tenant comes first in every key, so a reference across tenants cannot be stored.
-- Ids compare by code point (collate "C"): the same order in TypeScript and SQL, in any database.

-- One row: the identity of this history. `parley restore` and `parley epoch` renew it.
create table installation (
  only_row boolean primary key default true check (only_row),
  epoch text not null default gen_random_uuid()::text,
  -- Of the key that encrypts signing secrets: a server with another one is refused at its start.
  key_fingerprint bytea
);
insert into installation default values;

create table tenant (
  id text collate "C" primary key,
  name text not null,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now()
);

create table api_key (
  tenant_id text collate "C" not null references tenant (id),
  -- The visible part of the key; the secret part is stored hashed.
  id text collate "C" not null,
  secret_hash bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);

create table signing_key (
  tenant_id text collate "C" not null references tenant (id),
  kid text collate "C" not null,
  algorithm text not null,
  -- Encrypted with PARLEY_SECRET_KEY.
  secret bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, kid)
);

create table app_user (
  tenant_id text collate "C" not null references tenant (id),
  id text collate "C" not null,
  name text not null,
  avatar_url text,
  email text,
  locale text,
  role text not null default 'member',
  -- Counts what concerns this person alone (being added, removed): `me` on the wire.
  version bigint not null default 0,
  last_seen_at timestamptz,
  deactivated_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
) with (fillfactor = 80);
-- Always true: it keeps the index to those who ask by time. In a young database a plan by key would
-- take it, and read all people of the tenant. So it is with every index that begins as a key does.
create index app_user_by_update on app_user (tenant_id, updated_at) where updated_at > '-infinity';

create table conversation (
  tenant_id text collate "C" not null references tenant (id),
  id uuid not null,
  kind text not null check (kind in ('direct', 'group')),
  name text,
  -- JSON array of the two user ids in code point order: unique, so a pair has one conversation.
  direct_key text collate "C",
  history text not null default 'joined' check (history in ('joined', 'all')),
  metadata jsonb not null default '{}',
  first_seq bigint not null default 1,
  last_seq bigint not null default 0,
  version bigint not null default 1,
  -- The version at which name, history or metadata last changed.
  fields_version bigint not null default 1,
  member_count integer not null,
  last_activity_at timestamptz not null,
  created_by text collate "C" not null,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, created_by) references app_user (tenant_id, id)
-- A send updates its conversation's counters in place (HOT): room on the page, no index on them.
) with (fillfactor = 70);

create unique index conversation_direct on conversation (tenant_id, direct_key)
  where direct_key is not null;

create table member (
  tenant_id text collate "C" not null,
  conversation_id uuid not null,
  user_id text collate "C" not null,
  role text not null check (role in ('owner', 'admin', 'member')),
  -- The first message this person may see, and the version at which the person (last) joined.
  joined_seq bigint not null,
  joined_version bigint not null,
  -- The person's own version at being added: what `sync` calls `added`.
  me_version bigint not null,
  -- Watermarks: they only grow and take no version.
  read_seq bigint not null default 0,
  delivered_seq bigint not null default 0,
  muted_until timestamptz,
  archived_at timestamptz,
  left_at timestamptz,
  version bigint not null,
  primary key (tenant_id, conversation_id, user_id),
  foreign key (tenant_id, conversation_id) references conversation (tenant_id, id),
  foreign key (tenant_id, user_id) references app_user (tenant_id, id)
) with (fillfactor = 70);
-- Always true, as above.
create index member_by_version on member (tenant_id, conversation_id, version) where version > 0;
-- The person first: were it the tenant, a planner without statistics would take this small index to
-- go through everybody of a tenant, instead of a conversation's members by their whole key.
create index member_of_user on member (user_id, tenant_id, me_version) where left_at is null;

create table message (
  tenant_id text collate "C" not null,
  conversation_id uuid not null,
  seq bigint not null,
  id uuid not null,
  sender_id text collate "C" not null,
  kind text not null check (kind in ('text', 'system')),
  body text not null,
  -- Of what the sender first sent; edits leave it alone. A repeat is compared by it.
  content_hash bytea not null,
  reply_to uuid,
  thread_root uuid,
  -- What a system message tells.
  act jsonb,
  edited_at timestamptz,
  deleted_at timestamptz,
  -- The version that sending it took. `version` moves on when the message changes later: then
  -- `version` finds it for those who come back, else `seq` does.
  created_version bigint not null,
  version bigint not null,
  created_at timestamptz not null,
  primary key (tenant_id, conversation_id, seq),
  unique (tenant_id, conversation_id, id),
  foreign key (tenant_id, conversation_id) references conversation (tenant_id, id)
);
create index message_revised on message (tenant_id, conversation_id, version) where version > created_version;
