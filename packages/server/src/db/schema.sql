-- The sum of the migrations, read back from PostgreSQL. Never edit it: change a migration,
-- then write it anew with: node packages/server/src/db/dump-schema-cli.ts --write

create table api_key (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  secret_hash bytea not null,
  created_at timestamp with time zone not null default now(),
  name text not null default ''::text,
  scopes text[] not null default '{all}'::text[],
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  constraint api_key_pkey PRIMARY KEY (tenant_id, id),
  constraint api_key_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
alter table api_key enable row level security, force row level security;
create policy app on api_key to parley_app using ((tenant_id = current_setting('parley.tenant'::text, true))) with check ((tenant_id = current_setting('parley.tenant'::text, true)));
create policy core on api_key to parley_core using (true);
grant select, insert, update, delete on api_key to parley_app;

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
  tokens_valid_from timestamp with time zone,
  blocks_version bigint not null default 0,
  constraint app_user_pkey PRIMARY KEY (tenant_id, id),
  constraint app_user_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
) with (fillfactor=80);
CREATE INDEX app_user_by_update ON public.app_user USING btree (tenant_id, updated_at) WHERE (updated_at > '-infinity'::timestamp with time zone);
alter table app_user enable row level security, force row level security;
create policy app on app_user to parley_app using ((tenant_id = current_setting('parley.tenant'::text, true))) with check ((tenant_id = current_setting('parley.tenant'::text, true)));
create policy core on app_user to parley_core using (true);
grant select, insert, update on app_user to parley_app;
grant select (tenant_id, id, version, deactivated_at, tokens_valid_from) on app_user to parley_core;

create table audit_entry (
  tenant_id text collate "C" not null,
  id uuid not null,
  at timestamp with time zone not null,
  actor_kind text not null,
  actor_id text,
  action text not null,
  target jsonb not null default '{}'::jsonb,
  constraint audit_entry_pkey PRIMARY KEY (tenant_id, id),
  constraint audit_entry_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint audit_entry_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['operator'::text, 'key'::text, 'person'::text, 'system'::text])))
);
alter table audit_entry enable row level security, force row level security;
create policy app on audit_entry to parley_app using ((tenant_id = current_setting('parley.tenant'::text, true))) with check ((tenant_id = current_setting('parley.tenant'::text, true)));
create policy core on audit_entry to parley_core using (true);
grant select, insert on audit_entry to parley_app;

create table block (
  tenant_id text collate "C" not null,
  blocker_id text collate "C" not null,
  blocked_id text collate "C" not null,
  created_at timestamp with time zone not null,
  constraint block_pkey PRIMARY KEY (tenant_id, blocker_id, blocked_id),
  constraint block_tenant_id_blocked_id_fkey FOREIGN KEY (tenant_id, blocked_id) REFERENCES app_user(tenant_id, id),
  constraint block_tenant_id_blocker_id_fkey FOREIGN KEY (tenant_id, blocker_id) REFERENCES app_user(tenant_id, id),
  constraint block_check CHECK ((blocker_id <> blocked_id))
);
CREATE INDEX block_of_blocked ON public.block USING btree (tenant_id, blocked_id, blocker_id);
alter table block enable row level security, force row level security;
create policy app on block to parley_app using ((tenant_id = current_setting('parley.tenant'::text, true))) with check ((tenant_id = current_setting('parley.tenant'::text, true)));
create policy core on block to parley_core using (true);
grant select, insert, delete on block to parley_app;
grant select (tenant_id, blocker_id, blocked_id) on block to parley_core;

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
  blocked boolean not null default false,
  constraint conversation_pkey PRIMARY KEY (tenant_id, id),
  constraint conversation_tenant_id_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES app_user(tenant_id, id),
  constraint conversation_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint conversation_history_check CHECK ((history = ANY (ARRAY['joined'::text, 'all'::text]))),
  constraint conversation_kind_check CHECK ((kind = ANY (ARRAY['direct'::text, 'group'::text])))
) with (fillfactor=70);
CREATE UNIQUE INDEX conversation_direct ON public.conversation USING btree (tenant_id, direct_key) WHERE (direct_key IS NOT NULL);
alter table conversation enable row level security, force row level security;
create policy app on conversation to parley_app using ((tenant_id = current_setting('parley.tenant'::text, true))) with check ((tenant_id = current_setting('parley.tenant'::text, true)));
create policy core on conversation to parley_core using (true);
grant select, insert, update on conversation to parley_app;
grant select (tenant_id, id, kind, last_seq, version, last_activity_at, blocked), update (last_seq, version, last_activity_at) on conversation to parley_core;

create table installation (
  only_row boolean not null default true,
  epoch text not null default (gen_random_uuid())::text,
  key_fingerprint bytea,
  constraint installation_pkey PRIMARY KEY (only_row),
  constraint installation_only_row_check CHECK (only_row)
);
grant select on installation to parley_app;
grant select, update (key_fingerprint) on installation to parley_core;

create table key_source (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  url text not null,
  created_at timestamp with time zone not null default now(),
  read_at timestamp with time zone,
  failure text,
  failures integer not null default 0,
  next_read_at timestamp with time zone not null default now(),
  constraint key_source_pkey PRIMARY KEY (tenant_id, id),
  constraint key_source_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX key_source_due ON public.key_source USING btree (next_read_at, tenant_id, id);
alter table key_source enable row level security, force row level security;
create policy app on key_source to parley_app using ((tenant_id = current_setting('parley.tenant'::text, true))) with check ((tenant_id = current_setting('parley.tenant'::text, true)));
create policy core on key_source to parley_core using (true);
grant select, insert, update, delete on key_source to parley_app;
grant select (tenant_id, id, next_read_at), update (next_read_at) on key_source to parley_core;

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
alter table member enable row level security, force row level security;
create policy app on member to parley_app using ((tenant_id = current_setting('parley.tenant'::text, true))) with check ((tenant_id = current_setting('parley.tenant'::text, true)));
create policy core on member to parley_core using (true);
grant select, insert, update on member to parley_app;
grant select (tenant_id, conversation_id, user_id, joined_seq, left_at) on member to parley_core;

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
alter table message enable row level security, force row level security;
create policy app on message to parley_app using ((tenant_id = current_setting('parley.tenant'::text, true))) with check ((tenant_id = current_setting('parley.tenant'::text, true)));
create policy core on message to parley_core using (true);
grant select, insert on message to parley_app;
grant select (tenant_id, conversation_id, seq, id, content_hash, created_version, created_at), insert (tenant_id, conversation_id, seq, id, sender_id, kind, body, content_hash, reply_to, created_version, version, created_at) on message to parley_core;

create table migration (
  number integer not null,
  name text not null,
  breaking boolean not null,
  applied_at timestamp with time zone not null default now(),
  needs integer,
  constraint migration_pkey PRIMARY KEY (number)
);

create unlogged table node (
  id uuid not null,
  place text not null,
  version text not null,
  migrations integer not null,
  bus text,
  started_at timestamp with time zone not null default clock_timestamp(),
  heartbeat_at timestamp with time zone not null default clock_timestamp(),
  constraint node_pkey PRIMARY KEY (id)
);

create table signing_key (
  tenant_id text collate "C" not null,
  kid text collate "C" not null,
  algorithm text not null,
  secret bytea,
  created_at timestamp with time zone not null default now(),
  public_key jsonb,
  source_id text collate "C",
  registration uuid not null default gen_random_uuid(),
  constraint signing_key_pkey PRIMARY KEY (tenant_id, kid),
  constraint signing_key_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id),
  constraint signing_key_tenant_id_source_id_fkey FOREIGN KEY (tenant_id, source_id) REFERENCES key_source(tenant_id, id),
  constraint signing_key_algorithm_check CHECK ((algorithm = ANY (ARRAY['HS256'::text, 'ES256'::text, 'EdDSA'::text, 'RS256'::text]))),
  constraint signing_key_check CHECK (((algorithm = 'HS256'::text) = (secret IS NOT NULL))),
  constraint signing_key_check1 CHECK (((algorithm = 'HS256'::text) = (public_key IS NULL)))
);
alter table signing_key enable row level security, force row level security;
create policy app on signing_key to parley_app using ((tenant_id = current_setting('parley.tenant'::text, true))) with check ((tenant_id = current_setting('parley.tenant'::text, true)));
create policy core on signing_key to parley_core using (true);
grant select, insert, delete on signing_key to parley_app;
grant select (tenant_id, kid, registration) on signing_key to parley_core;

create table tenant (
  id text collate "C" not null,
  name text not null,
  settings jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  access_version bigint not null default 0,
  suspended_at timestamp with time zone,
  constraint tenant_pkey PRIMARY KEY (id)
);
alter table tenant enable row level security, force row level security;
create policy app on tenant to parley_app using ((id = current_setting('parley.tenant'::text, true))) with check ((id = current_setting('parley.tenant'::text, true)));
create policy core on tenant to parley_core using (true);
grant select, insert, update on tenant to parley_app;
grant select (id, settings, access_version, suspended_at) on tenant to parley_core;
