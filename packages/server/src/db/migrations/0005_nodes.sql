-- Which nodes run on this database. Each says by the database's clock that it lives; see nodes/.
--
-- Unlogged, for it is about this moment alone: saying so writes no log and waits for no disk, a standby
-- that takes over begins without it, and no backup needs it.
create unlogged table node (
  id uuid primary key,
  -- For people: the host and the process.
  place text not null,
  version text not null,
  -- How many migrations its code knows.
  migrations integer not null,
  -- Which Redis carries its news; null without one, or while that is not known.
  bus text,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp()
);
