import type { Kysely } from 'kysely';
import type { CoreTables, Tables } from './tables.ts';

/** One tenant's rows: others are not there, whatever a statement says (row-level security). */
export interface TenantDatabase {
  /** Each statement outside a transaction is one of its own; both know the tenant. */
  readonly sql: Kysely<Tables>;
}

/** A PostgreSQL database, ours or the operator's: what the domain knows of it. */
export interface Database {
  /** As role `parley_app`, for everything that is done for one tenant. */
  of(tenant: string): TenantDatabase;
  /**
   * As role `parley_core`: all tenants' rows, but only the columns that it is granted.
   *
   * For the few statements that serve many tenants at once: connecting, heads, origins.
   */
  readonly core: Kysely<CoreTables>;
  /**
   * A connection of its own, as `parley_core`, whose statements go out without waiting for one
   * another's answers: the append path's.
   */
  openPipeline(): Promise<Pipeline>;
  close(): Promise<void>;
}

/** A prepared statement: its name is its identity on the connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface StatementResult<Row> {
  readonly rows: readonly Row[];
  /** What PostgreSQL says it did: `COMMIT` after a failed transaction answers `ROLLBACK`. */
  readonly command: string;
}

/** One connection; statements run in the order given, each with a snapshot of its own. */
export interface Pipeline {
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<StatementResult<Row>>;
  /** False once the connection is lost: open another. */
  readonly usable: boolean;
  close(): Promise<void>;
}
