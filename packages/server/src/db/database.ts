import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** A PostgreSQL database, ours or the operator's: what the domain knows of it. */
export interface Database {
  /** Pooled connections, for everything but the append path. */
  readonly sql: Kysely<Tables>;
  /** A connection of its own whose statements go out without waiting for one another's answers. */
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
