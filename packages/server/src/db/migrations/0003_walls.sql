-- breaking: older code takes no role, and would see nothing.
--
-- A second wall between tenants: row-level security.
--
-- Connections that serve people are never the owner of these tables. They take one of two roles,
-- which `take-roles.ts` makes before the migrations run:
--   parley_app   one tenant at a time: the rows of the tenant that the transaction was told. Told
--                of none, it sees and writes nothing.
--   parley_core  what serves many tenants in one statement (the append path, heads, connecting):
--                every row, but only the columns below.
--
-- For later migrations:
--   - A new tenant table gets what is in the loop below, and grants. So does a new column where a
--     list of columns stands here.
--   - The policies are forced on the owner too. A superuser passes them (so does the embedded
--     database's owner), an operator's plain owner does not: a migration that reads or changes rows
--     first says `alter table ... no force row level security`, and `force` again at its end.
--     Without it the statement fails, since sessions of the owner have `row_security` off; it never
--     does half its work. Foreign keys, checks and indexes are not held back.

do $$
declare
  tenant_table text;
  tenant_column text;
begin
  -- Where "$user" names the schema, it is not the roles' own.
  execute format('grant usage on schema %I to parley_app, parley_core', current_schema());

  foreach tenant_table in array array['tenant', 'api_key', 'key_source', 'signing_key', 'app_user',
    'block', 'conversation', 'member', 'message', 'audit_entry']
  loop
    tenant_column := case tenant_table when 'tenant' then 'id' else 'tenant_id' end;
    execute format('alter table %I enable row level security', tenant_table);
    execute format('alter table %I force row level security', tenant_table);
    -- A plain comparison: as a subquery it would make a grouped insert twenty times as slow.
    execute format(
      'create policy app on %I to parley_app
        using (%I = current_setting(''parley.tenant'', true))
        with check (%I = current_setting(''parley.tenant'', true))',
      tenant_table, tenant_column, tenant_column);
    execute format('create policy core on %I to parley_core using (true)', tenant_table);
  end loop;
end
$$;

-- What the domain does, and no more: what is never deleted cannot be.
grant select on installation to parley_app;
grant select, insert, update on tenant, app_user, conversation, member to parley_app;
grant select, insert, update, delete on api_key, key_source to parley_app;
grant select, insert, delete on signing_key, block to parley_app;
grant select, insert on message, audit_entry to parley_app;

grant select, update (key_fingerprint) on installation to parley_core;
grant select (id, settings, access_version, suspended_at) on tenant to parley_core;
-- Due readings are claimed by moving their time.
grant select (tenant_id, id, next_read_at), update (next_read_at) on key_source to parley_core;
grant select (tenant_id, kid) on signing_key to parley_core;
grant select (tenant_id, id, version, deactivated_at, tokens_valid_from) on app_user to parley_core;
grant select (tenant_id, blocker_id, blocked_id) on block to parley_core;
-- A lock needs a column that may be changed.
grant select (tenant_id, id, kind, blocked, version, last_seq, last_activity_at),
  update (version, last_seq, last_activity_at) on conversation to parley_core;
grant select (tenant_id, conversation_id, user_id, joined_seq, left_at) on member to parley_core;
-- It stores what people say, and cannot read it.
grant select (tenant_id, conversation_id, seq, id, content_hash, created_version, created_at),
  insert (tenant_id, conversation_id, seq, id, sender_id, kind, body, content_hash, reply_to,
    created_version, version, created_at) on message to parley_core;
