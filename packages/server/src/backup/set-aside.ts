import type { Client } from 'pg';

/** What is missing while rows are loaded. */
interface SetAside {
  /** Make it again, in this order; fail when rows refer to what is not there, or keys are not unique. */
  readonly undo: readonly string[];
}

interface Found {
  readonly off: string;
  readonly on: string;
}

/**
 * Takes foreign keys and indexes off our tables, and row-level security off their owner.
 *
 * Rows are loaded several times as fast so, and all of it is checked when it is put back. Primary keys
 * stay: rows come in their order. Run it in the transaction that loads.
 */
export async function setAside(session: Client, tables: readonly string[]): Promise<SetAside> {
  const foreignKeys = await find(session, 'f', tables);
  const uniques = await find(session, 'u', tables);
  const { rows: indexes } = await session.query<Found>(
    `
    select format('drop index %s', indexrelid::regclass) as off, pg_get_indexdef(indexrelid) as on
    from pg_index join pg_class on pg_class.oid = indrelid
    where relnamespace = current_schema()::regnamespace and relname = any($1)
      and not indisprimary and not exists (select from pg_constraint where conindid = indexrelid)
    order by indexrelid`,
    [tables],
  );
  const { rows: walls } = await session.query<Found>(
    `
    select format('alter table %s no force row level security', pg_class.oid::regclass) as off,
      format('alter table %s force row level security', pg_class.oid::regclass) as on
    from pg_class
    where relnamespace = current_schema()::regnamespace and relname = any($1)
      and relforcerowsecurity
    order by relname`,
    [tables],
  );
  const all = [...walls, ...foreignKeys, ...uniques, ...indexes];
  for (const { off } of all) await session.query(off);
  // So foreign keys come after the indexes that they look things up by, and while the owner sees all.
  return { undo: all.toReversed().map(({ on }) => on) };
}

async function find(
  session: Client,
  type: 'f' | 'u',
  tables: readonly string[],
): Promise<readonly Found[]> {
  const { rows } = await session.query<Found>(
    `
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as off,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname,
        pg_get_constraintdef(pg_constraint.oid)) as on
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where relnamespace = current_schema()::regnamespace and contype = $1 and relname = any($2)
    order by relname, conname`,
    [type, tables],
  );
  return rows;
}
