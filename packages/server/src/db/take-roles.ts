import { setTimeout } from 'node:timers/promises';
import { type Client, DatabaseError } from 'pg';
import { OperatorError } from '../operator-error.ts';
import { type Role, roles } from './roles.ts';

/**
 * Makes the roles our connections take, where they are missing, and makes sure they can be taken.
 *
 * Roles belong to the whole PostgreSQL server: several databases may do this at once. Where this
 * user may not, or a role of that name can do more than it should, it throws with the SQL that
 * mends it. Nothing of an operator's own making is changed.
 */
export async function takeRoles(session: Client): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await readRoles(session);
    refuseItself(found);
    refuseMighty(found);
    const steps = stepsFor(found);
    if (steps.length === 0) return;
    try {
      for (const step of steps) await session.query(step);
    } catch (cause) {
      if (!(cause instanceof DatabaseError)) throw cause;
      if (cause.code === insufficientPrivilege) throw refusal(await readRoles(session), cause);
      if (!raced.has(cause.code ?? '') || attempt >= attempts) throw cause;
      await setTimeout(Math.random() * 20 * attempt);
    }
  }
}

const attempts = 20;
const insufficientPrivilege = '42501';

const raced = new Set([
  '42710', // the role is there: somebody else made it just now
  '23505', // as above, seen later
  'XX000', // "tuple concurrently updated": two grants of one role at once
  '40P01', // deadlock
]);

/** From 16 on a grant says what it gives; before, membership is everything. */
const grantsSaySet = 160_000;

interface FoundRole {
  readonly name: Role;
  readonly there: boolean;
  /** Logs in, or may do what no policy holds back. */
  readonly mighty: boolean;
  /** What it is a member of, quoted: it could be that role. */
  readonly above: readonly string[];
  readonly taken: boolean;
}

interface Found {
  readonly version: number;
  /** Quoted, both. */
  readonly user: string;
  readonly database: string;
  readonly roles: readonly FoundRole[];
}

async function readRoles(session: Client): Promise<Found> {
  // Who may become a role is asked of who has logged in, not of whom a setting made of them.
  const { rows: server } = await session.query<Omit<Found, 'roles'>>(`
    select current_setting('server_version_num')::integer as version,
      quote_ident(session_user) as user, quote_ident(current_database()) as database`);
  const { version = 0, user = '', database = '' } = server[0] ?? {};
  const { rows } = await session.query<FoundRole>(
    `
    select wanted.name, pg_roles.oid is not null as there,
      coalesce(rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
        or rolcanlogin, false) as mighty,
      array(
        select roleid::regrole::text from pg_auth_members
        where member = pg_roles.oid order by 1
      ) as above,
      coalesce(pg_has_role(session_user, pg_roles.oid, $2), false) as taken
    from unnest($1::text[]) with ordinality as wanted (name, n)
    left join pg_roles on rolname = wanted.name
    order by wanted.n`,
    [roles, version >= grantsSaySet ? 'SET' : 'MEMBER'],
  );
  return { version, user, database, roles: rows };
}

/** Of this user the roles could not be held back: it would own the tables. */
function refuseItself(found: Found): void {
  const { user, database, roles: both } = found;
  if (!both.some(({ name }) => name === user)) return;
  const another = { ...found, user: 'parley_owner', roles: both.map(notTaken) };
  throw new OperatorError(
    `The server logs in to PostgreSQL as ${user}, a role that it takes to see less than the owner of ` +
      'the tables. Have it log in as another user in DATABASE_URL, with a password that you give it ' +
      `(in psql: \\password ${another.user}). ${advice([
        `create role ${another.user} login;`,
        `reassign owned by ${user} to ${another.user};`,
        `alter database ${database} owner to ${another.user};`,
        `alter role ${user} ${mightless};`,
        ...stepsFor(another),
      ])}`,
  );
}

function notTaken(role: FoundRole): FoundRole {
  return { ...role, taken: false };
}

const mightless = 'nologin nosuperuser nobypassrls nocreaterole nocreatedb noreplication';

function refuseMighty({ roles: found }: Found): void {
  const steps = found.flatMap(({ name, mighty, above }) => [
    ...(mighty ? [`alter role ${name} ${mightless};`] : []),
    ...above.map((other) => `revoke ${other} from ${name};`),
  ]);
  if (steps.length === 0) return;
  throw new OperatorError(
    'The roles that keep tenants apart in the database can do more than they should. ' +
      advice(steps),
  );
}

/** What is missing, in SQL that this user or an administrator can run as it stands. */
function stepsFor({ version, user, roles: found }: Found): string[] {
  // Being a member is for taking the role, not for seeing with its eyes.
  const how = version >= grantsSaySet ? ' with inherit false, set true' : '';
  return found.flatMap(({ name, there, taken }) => [
    ...(there ? [] : [`create role ${name} nologin;`]),
    ...(taken ? [] : [`grant ${name} to ${user}${how};`]),
  ]);
}

/** Some steps may have worked: what is told is what is missing now. */
function refusal(found: Found, cause: DatabaseError): OperatorError {
  return new OperatorError(
    `The database user ${found.user} may not make or take the roles that keep tenants apart ` +
      `(${cause.message}). ${advice(stepsFor(found))}`,
    cause,
  );
}

function advice(steps: readonly string[]): string {
  return `Run this in the database as an administrator of PostgreSQL, then start again:\n\n${steps
    .map((step) => `  ${step}\n`)
    .join('')}`;
}
