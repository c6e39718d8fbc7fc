-- The sum of the migrations, read back from PostgreSQL. Never edit it: change a migration,
-- then write it anew with: node packages/server/src/db/dump-schema-cli.ts --write

create table api_key (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  secret_hash bytea not null,
  created_at timestamp with time zone not null default now(),
  constraint api_key_pkey PRIMARY KEY (tenant_id, id),
  constraint api_key_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);

create table app_user (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  name text not null,
  avatar_url text,
  email text,
  locale text,
  role text not null default 'member'::text,
  version bigint not null default 0,
  last_seen_at timestamp with time zone,
  deactivated_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint app_user_pkey PRIMARY KEY (tenant_id, id),
  constraint app_user_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
) with (fillfactor=80);
CREATE INDEX app_user_by_update ON public.app_user USING btree (tenant_id, updated_at) WHERE (updated_at > '-infinity'::timestamp with time zone);

create table conversation (
  tenant_id text collate "C" not null,
  id uuid not null,
  kind text not null,
  name text,
  direct_key text collate "C",
  history text not null default 'joined'::text,
  metadata jsonb not null default '{}'::jsonb,
  first_seq bigint not null default 1,
  last_seq bigint not null default 0,
  version bigint not null default 1,
  fields_version bigint not null default 1,
  member_count integer not null,
  last_activity_at timestamp with time zone not null,
  created_by text collate "C" not null,
  created_at timestamp with time zone not null,
  constraint conversation_pkey PRIMARY KEY (tenant_id, id),
  constraint conversation_tenant_id_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES app_user(tenant_id, id),
  constraint conversation_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint conversation_history_check CHECK ((history = ANY (ARRAY['joined'::text, 'all'::text]))),
  constraint conversation_kind_check CHECK ((kind = ANY (ARRAY['direct'::text, 'group'::text])))
) with (fillfactor=70);
CREATE UNIQUE INDEX conversation_direct ON public.conversation USING btree (tenant_id, direct_key) WHERE (direct_key IS NOT NULL);

create table installation (
  only_row boolean not null default true,
  epoch text not null default (gen_random_uuid())::text,
  key_fingerprint bytea,
  constraint installation_pkey PRIMARY KEY (only_row),
  constraint installation_only_row_check CHECK (only_row)
);

create table member (
  tenant_id text collate "C" not null,
  conversation_id uuid not null,
  user_id text collate "C" not null,
  role text not null,
  joined_seq bigint not null,
  joined_version bigint not null,
  me_version bigint not null,
  read_seq bigint not null default 0,
  delivered_seq bigint not null default 0,
  muted_until timestamp with time zone,
  archived_at timestamp with time zone,
  left_at timestamp with time zone,
  version bigint not null,
  constraint member_pkey PRIMARY KEY (tenant_id, conversation_id, user_id),
  constraint member_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation(tenant_id, id),
  constraint member_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id),
  constraint member_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text])))
) with (fillfactor=70);
CREATE INDEX member_by_version ON public.member USING btree (tenant_id, conversation_id, version) WHERE (version > 0);
CREATE INDEX member_of_user ON public.member USING btree (user_id, tenant_id, me_version) WHERE (left_at IS NULL);

create table message (
  tenant_id text collate "C" not null,
  conversation_id uuid not null,
  seq bigint not null,
  id uuid not null,
  sender_id text collate "C" not null,
  kind text not null,
  body text not null,
  content_hash bytea not null,
  reply_to uuid,
  thread_root uuid,
  act jsonb,
  edited_at timestamp with time zone,
  deleted_at timestamp with time zone,
  created_version bigint not null,
  version bigint not null,
  created_at timestamp with time zone not null,
  constraint message_pkey PRIMARY KEY (tenant_id, conversation_id, seq),
  constraint message_tenant_id_conversation_id_id_key UNIQUE (tenant_id, conversation_id, id),
  constraint message_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation(tenant_id, id),
  constraint message_kind_check CHECK ((kind = ANY (ARRAY['text'::text, 'system'::text])))
);
CREATE INDEX message_revised ON public.message USING btree (tenant_id, conversation_id, version) WHERE (version > created_version);

create table migration (
  number integer not null,
  name text not null,
  breaking boolean not null,
  applied_at timestamp with time zone not null default now(),
  constraint migration_pkey PRIMARY KEY (number)
);

create table signing_key (
  tenant_id text collate "C" not null,
  kid text collate "C" not null,
  algorithm text not null,
  secret bytea not null,
  created_at timestamp with time zone not null default now(),
  constraint signing_key_pkey PRIMARY KEY (tenant_id, kid),
  constraint signing_key_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);

create table tenant (
  id text collate "C" not null,
  name text not null,
  settings jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  constraint tenant_pkey PRIMARY KEY (id)
);
