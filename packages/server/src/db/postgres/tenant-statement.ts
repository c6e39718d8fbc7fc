import { type ClientBase, type Connection, Query, type QueryResult, type QueryResultRow } from 'pg';

/**
 * Tells PostgreSQL whose rows the rest of the transaction is about.
 *
 * It answers no row, since nobody asks for its columns. Prepared once on each connection.
 */
export const tenantStatement = {
  name: 'parley_tenant',
  text: "select where set_config('parley.tenant', $1, true) is null",
} as const;

interface TenantStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** What goes ahead, in the same transaction; nothing inside one that knows its tenant. */
  readonly ahead?: {
    readonly tenant: string;
    /** Opens a transaction that stays open; else the statement is one of its own. */
    readonly begin?: string;
  };
}

/**
 * Runs a statement in one round trip, together with what tells PostgreSQL the tenant.
 *
 * Everything up to the protocol's Sync is one transaction, so a tenant that is set for the
 * transaction is forgotten with the answer: nothing is left for the connection's next user. `begin`
 * and `commit` around it would do the same, for a third more time.
 */
export function runStatement<Row extends QueryResultRow>(
  client: ClientBase,
  { text, values, ahead }: TenantStatement,
): Promise<QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    // Never the simple protocol, which takes several statements in one text.
    const config = { text, values: [...values], queryMode: 'extended' };
    const query = new Query<Row>(config, (error, answer) => {
      if (error) reject(error);
      else resolve(lastOf(answer));
    });
    if (ahead !== undefined) {
      const submit = query.submit.bind(query);
      query.submit = (connection) => {
        connection.stream.cork();
        try {
          write(connection, ahead);
          // The statement itself, and the Sync. What it answers is the driver's to know.
          return submit(connection);
        } finally {
          connection.stream.uncork();
        }
      };
    }
    client.query(query);
  });
}

function write(
  connection: Connection,
  { begin, tenant }: NonNullable<TenantStatement['ahead']>,
): void {
  if (begin !== undefined) {
    connection.parse({ name: '', text: begin, types: [] }, true);
    connection.bind({}, true);
    connection.execute({}, true);
  }
  connection.bind({ statement: tenantStatement.name, values: [tenant] }, true);
  connection.execute({}, true);
}

/** To the driver what goes ahead is a statement too, and the answer a list of all. */
function lastOf<Row extends QueryResultRow>(
  answer: QueryResult<Row> | QueryResult<Row>[],
): QueryResult<Row> {
  if (!Array.isArray(answer)) return answer;
  const last = answer.at(-1);
  if (last === undefined) throw new Error('PostgreSQL did not answer the statement.');
  return last;
}
