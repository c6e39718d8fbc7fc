import type { Client } from 'pg';
import type { Migration } from '../db/migration-files.ts';

/** A table whose rows a backup carries. */
export interface Table {
  readonly name: string;
  /** With its schema, quoted. */
  readonly path: string;
  readonly columns: readonly string[];
  /** The columns of its primary key. */
  readonly key: readonly string[];
  /** The column that says whose a row is; null where rows are the installation's. */
  readonly tenant: string | null;
}

/** Not carried as rows: a backup names its migrations, and restoring runs them. */
export const migrationTable = 'migration';

interface FoundTable extends Table {
  /** Names of the tables that it refers to. */
  readonly refers: readonly string[];
}

/** Names of the tables that migrations make: what else is in the database is somebody else's. */
export function tablesMadeBy(migrations: readonly Migration[]): string[] {
  return migrations.flatMap(({ sql }) =>
    [...sql.matchAll(/^create (?:unlogged )?table (?:if not exists )?(\w+)/gim)].map(
      ([, name = '']) => name,
    ),
  );
}

/**
 * The tables of this database whose rows are to be carried, each after those that it refers to.
 *
 * Their columns, keys and references are read from PostgreSQL. Unlogged tables are about the moment
 * (which nodes live), and stay behind.
 */
export async function readTables(
  session: Client,
  migrations: readonly Migration[],
): Promise<readonly Table[]> {
  const { rows } = await session.query<FoundTable>(
    `
    select relname as name, format('%I.%I', current_schema(), relname) as path,
      array(
        select attname::text from pg_attribute
        where attrelid = pg_class.oid and attnum > 0 and not attisdropped and attgenerated = ''
        order by attnum
      ) as columns,
      array(
        select attname::text from pg_index
        cross join lateral unnest(indkey) with ordinality as part (attnum, position)
        join pg_attribute on attrelid = indrelid and pg_attribute.attnum = part.attnum
        where indrelid = pg_class.oid and indisprimary order by position
      ) as key,
      (
        select attname::text from pg_attribute
        where attrelid = pg_class.oid and not attisdropped
          and attname = case relname when 'tenant' then 'id' else 'tenant_id' end
      ) as tenant,
      array(
        select distinct confrelid::regclass::text from pg_constraint
        where conrelid = pg_class.oid and contype = 'f' and confrelid <> conrelid
      ) as refers
    from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
      and relpersistence = 'p' and not relispartition and relname = any($1)
    order by relname collate "C"`,
    [tablesMadeBy(migrations)],
  );
  return sorted(rows);
}

/** Columns as they stand in a statement. */
export function listed(session: Client, columns: readonly string[]): string {
  return columns.map((column) => session.escapeIdentifier(column)).join(', ');
}

function sorted(tables: readonly FoundTable[]): readonly Table[] {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const done = new Set<FoundTable>();
  const visit = (table: FoundTable) => {
    if (done.has(table)) return;
    done.add(table);
    for (const name of table.refers) {
      const other = byName.get(name);
      if (other !== undefined) visit(other);
    }
    ordered.push(table);
  };
  const ordered: FoundTable[] = [];
  for (const table of tables) visit(table);
  return ordered;
}
