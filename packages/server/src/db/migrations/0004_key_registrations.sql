-- A key id that is taken back may be registered again, for another key: which registration vouched for a
-- token is told by a number of its own. A node may remember an ended one for a while.
alter table signing_key add column registration uuid not null default gen_random_uuid();
grant select (registration) on signing_key to parley_core;
