import type { Client } from 'pg';
import { OperatorError } from '../../operator-error.ts';

/** The oldest PostgreSQL that has everything our statements use. */
const oldestMajor = 15;

interface Examined {
  readonly version: number;
  readonly name: string;
  readonly encoding: string;
  readonly path: string;
}

/**
 * Refuses a database that we could not work with; answers where its owner finds tables.
 *
 * `where` is its address in words.
 */
export async function checkServer(
  session: Client,
  where: string,
): Promise<{ readonly path: string }> {
  const { rows } = await session.query<Examined>(`
    select current_setting('server_version_num')::integer as version,
      current_setting('server_version') as name,
      current_setting('server_encoding') as encoding,
      array_to_string(array(
        select quote_ident(name) from unnest(current_schemas(false)) as name), ',') as path`);
  const [server] = rows;
  if (server === undefined) throw new OperatorError('PostgreSQL did not tell its version.');
  if (server.version < oldestMajor * 10_000) {
    throw new OperatorError(
      `${where} is PostgreSQL ${server.name}; ` +
        `Parley needs ${oldestMajor} or newer. Upgrade it, or unset DATABASE_URL.`,
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new OperatorError(
      `${where} has the encoding ${server.encoding}. ` +
        "Create the database with: create database parley encoding 'UTF8' template template0",
    );
  }
  return { path: server.path };
}
