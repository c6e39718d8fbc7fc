import type { Client } from 'pg';
import { OperatorError } from '../operator-error.ts';
import { appRole, coreRole } from './roles.ts';

/**
 * Refuses a database whose tables do not hold tenants apart as the migrations made them.
 *
 * A copy that was restored in parts, or a hand at work, leaves a server that seems well: without
 * policies it shows nothing, without row-level security it has one wall less, and says neither. Throws
 * with the SQL that mends it.
 */
export async function checkWalls(session: Client): Promise<void> {
  const tables = await readWalls(session);
  const steps = tables.flatMap(stepsFor);
  if (steps.length > 0) {
    throw new OperatorError(
      'The tables of this database do not keep tenants apart as the migrations made them. Run this ' +
        `as an administrator of PostgreSQL, in this database, then start again:\n\n${steps
          .map((step) => `  ${step}\n`)
          .join('')}`,
    );
  }
  const closed = tables.filter(({ granted }) => !granted).map(({ name }) => name);
  if (closed.length === 0) return;
  throw new OperatorError(
    `The role ${appRole} may not read ${closed.join(', ')}: this database was restored without its ` +
      'privileges. Restore it with them (pg_dump without --no-acl, pg_restore without ' +
      '--no-privileges), into a PostgreSQL that has the roles already: this start has made them.',
  );
}

interface Policy {
  readonly name: string;
  /** Everything about it but the name. */
  readonly says: string;
}

interface Wall {
  /** Quoted, as are all names here. */
  readonly name: string;
  /** The column that says whose a row is. */
  readonly tenant: string;
  readonly enabled: boolean;
  readonly forced: boolean;
  readonly granted: boolean;
  readonly policies: readonly Policy[];
}

async function readWalls(session: Client): Promise<readonly Wall[]> {
  const { rows } = await session.query<Wall>(
    `
    select quote_ident(relname) as name, own.attname as tenant,
      relrowsecurity as enabled, relforcerowsecurity as forced,
      has_table_privilege($1, pg_class.oid, 'select') as granted,
      (
        select coalesce(json_agg(json_build_object('name', quote_ident(polname), 'says', concat_ws(' ',
          polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid),
          pg_get_expr(polwithcheck, polrelid)))), '[]')
        from pg_policy where polrelid = pg_class.oid
      ) as policies
    from pg_class
    join pg_attribute as own on own.attrelid = pg_class.oid and not attisdropped
      and own.attname = case relname when 'tenant' then 'id' else 'tenant_id' end
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
    order by relname`,
    [appRole],
  );
  return rows;
}

function stepsFor({ name, tenant, enabled, forced, policies }: Wall): string[] {
  const own = `${tenant} = current_setting('parley.tenant', true)`;
  const stored = `(${tenant} = current_setting('parley.tenant'::text, true))`;
  const wanted = [
    {
      policy: { name: 'app', says: `* t {${appRole}} ${stored} ${stored}` },
      make: `create policy app on ${name} to ${appRole} using (${own}) with check (${own});`,
    },
    {
      policy: { name: 'core', says: `* t {${coreRole}} true` },
      make: `create policy core on ${name} to ${coreRole} using (true);`,
    },
  ];
  const isThere = ({ name: one, says }: Policy) =>
    policies.some((policy) => policy.name === one && policy.says === says);
  const isWanted = ({ name: one, says }: Policy) =>
    wanted.some(({ policy }) => policy.name === one && policy.says === says);
  return [
    ...policies.filter((one) => !isWanted(one)).map((one) => `drop policy ${one.name} on ${name};`),
    ...wanted.filter(({ policy }) => !isThere(policy)).map(({ make }) => make),
    ...(enabled ? [] : [`alter table ${name} enable row level security;`]),
    ...(forced ? [] : [`alter table ${name} force row level security;`]),
  ];
}
