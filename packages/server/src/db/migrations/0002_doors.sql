-- breaking: older code would let in who was shut out, and show what is hidden.
--
-- Authority: keys with limits, revocation, blocks, and a record of such acts.

alter table tenant
  -- Counts what concerns the access of everybody in it: suspension, keys taken back.
  add column access_version bigint not null default 0,
  add column suspended_at timestamptz;

alter table api_key
  add column name text not null default '',
  -- What it may be used for; `all` is everything.
  add column scopes text[] not null default '{all}',
  add column expires_at timestamptz,
  add column last_used_at timestamptz;

-- Where a tenant's public keys are published; fixed by whoever holds an API key, never by a token.
create table key_source (
  tenant_id text collate "C" not null references tenant (id),
  id text collate "C" not null,
  url text not null,
  created_at timestamptz not null default now(),
  -- When the last reading began.
  read_at timestamptz,
  -- Why the last reading failed; null when it worked.
  failure text,
  -- How many readings in a row have failed: the next ones come later.
  failures integer not null default 0,
  next_read_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create index key_source_due on key_source (next_read_at, tenant_id, id);

-- A key signs (a shared secret, sealed) or only verifies (a public key, ours or of a source).
alter table signing_key
  alter column secret drop not null,
  add column public_key jsonb,
  add column source_id text collate "C",
  add foreign key (tenant_id, source_id) references key_source (tenant_id, id),
  add check (algorithm in ('HS256', 'ES256', 'EdDSA', 'RS256')),
  add check ((algorithm = 'HS256') = (secret is not null)),
  add check ((algorithm = 'HS256') = (public_key is null));

alter table app_user
  -- Tokens issued before this are dead. To the millisecond: so precise are tokens.
  add column tokens_valid_from timestamptz,
  -- The person's version (`me`) at which they last changed whom they block: every group that they
  -- have read before then looks different now.
  add column blocks_version bigint not null default 0;

-- Somebody does not want to hear of somebody.
create table block (
  tenant_id text collate "C" not null,
  blocker_id text collate "C" not null,
  blocked_id text collate "C" not null,
  created_at timestamptz not null,
  primary key (tenant_id, blocker_id, blocked_id),
  foreign key (tenant_id, blocker_id) references app_user (tenant_id, id),
  foreign key (tenant_id, blocked_id) references app_user (tenant_id, id),
  check (blocker_id <> blocked_id)
);
create index block_of_blocked on block (tenant_id, blocked_id, blocker_id);

alter table conversation
  -- Of a direct conversation: one of the two blocks the other. Kept here, under the row's lock, so
  -- that a send need not ask who the other is.
  add column blocked boolean not null default false;

-- Who took away or gave authority, for the tenant's own eyes. Rows are only ever added.
create table audit_entry (
  tenant_id text collate "C" not null references tenant (id),
  id uuid not null,
  at timestamptz not null,
  actor_kind text not null check (actor_kind in ('operator', 'key', 'person', 'system')),
  -- Id of the API key or person; null for the operator and the server itself.
  actor_id text,
  action text not null,
  -- What it was done to: ids only, never content or secrets.
  target jsonb not null default '{}',
  primary key (tenant_id, id)
);
