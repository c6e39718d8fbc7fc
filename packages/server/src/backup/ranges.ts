import type { Client } from 'pg';
import { listed, type Table } from './catalogue.ts';

/** The values of a row's primary key, as text. */
export type Key = readonly string[];

/** Rows of a table that lie next to each other in the order of its key. */
export interface Range {
  /** Exclusive; undefined is the beginning. */
  readonly after: Key | undefined;
  /** Inclusive; undefined is the end. */
  readonly upTo: Key | undefined;
  /** Only this tenant's rows. */
  readonly tenant: string | undefined;
}

/** The `copy` that reads a table, or a part of it, in the order of its key. */
export function copyText(session: Client, table: Table, range?: Range): string {
  return `copy (select ${listed(session, table.columns)} from ${table.path}
    ${range === undefined ? '' : `where ${within(session, table, range)}`}
    order by ${listed(session, table.key)}) to stdout`;
}

/** The condition for a part of a table; `copy` takes no parameters. */
export function within(session: Client, table: Table, { after, upTo, tenant }: Range): string {
  const key = `(${listed(session, table.key)})`;
  const conditions = [
    ...(after === undefined ? [] : [`${key} > ${values(session, after)}`]),
    ...(upTo === undefined ? [] : [`${key} <= ${values(session, upTo)}`]),
    ...(tenant === undefined || table.tenant === null
      ? []
      : [`${session.escapeIdentifier(table.tenant)} = ${session.escapeLiteral(tenant)}`]),
  ];
  return conditions.length === 0 ? 'true' : conditions.join(' and ');
}

/** The key of the row that stands `size` rows further; undefined when there are not so many. */
export async function findKey(
  session: Client,
  table: Table,
  after: Key | undefined,
  size: number,
): Promise<Key | undefined> {
  const columns = table.key.map((column) => `${session.escapeIdentifier(column)}::text`).join(', ');
  const { rows } = await session.query<{ key: string[] }>(
    `select array[${columns}] as key from ${table.path}
    where ${within(session, table, { after, upTo: undefined, tenant: undefined })}
    order by ${listed(session, table.key)} offset $1 limit 1`,
    [size - 1],
  );
  return rows[0]?.key;
}

/** Of no type of their own, so that each is read as its column's. */
function values(session: Client, key: Key): string {
  return `(${key.map((value) => session.escapeLiteral(value)).join(', ')})`;
}
