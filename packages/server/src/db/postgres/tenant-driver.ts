import {
  AbortedTransactionError,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  type TransactionSettings,
} from 'kysely';
import type { Pool } from 'pg';
import { TenantConnection } from './tenant-connection.ts';

/** One tenant's view of a pool: every statement and transaction is told whose rows it is about. */
export class TenantDialect implements Dialect {
  readonly #pool: Pool;
  readonly #tenant: string;

  constructor(pool: Pool, tenant: string) {
    this.#pool = pool;
    this.#tenant = tenant;
  }

  createDriver(): Driver {
    return new TenantDriver(this.#pool, this.#tenant);
  }

  createAdapter(): DialectAdapter {
    return new PostgresAdapter();
  }

  createQueryCompiler(): QueryCompiler {
    return new PostgresQueryCompiler();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new PostgresIntrospector(db);
  }
}

class TenantDriver implements Driver {
  readonly #pool: Pool;
  readonly #tenant: string;

  constructor(pool: Pool, tenant: string) {
    this.#pool = pool;
    this.#tenant = tenant;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<TenantConnection> {
    return new TenantConnection(await this.#pool.connect(), this.#tenant);
  }

  async beginTransaction(
    connection: DatabaseConnection,
    { isolationLevel, accessMode }: TransactionSettings,
  ): Promise<void> {
    const level = isolationLevel === undefined ? '' : ` isolation level ${isolationLevel}`;
    const mode = accessMode === undefined ? '' : ` ${accessMode}`;
    ours(connection).begin(`begin${level}${mode}`);
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    // Where a statement failed and the failure was swallowed, COMMIT rolls back without an error.
    if ((await ours(connection).end('commit')) === 'ROLLBACK') throw new AbortedTransactionError();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).end('rollback');
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    ours(connection).release();
  }

  /** The pool is shared by all tenants: whoever opened it ends it. */
  async destroy(): Promise<void> {}
}

function ours(connection: DatabaseConnection): TenantConnection {
  if (!(connection instanceof TenantConnection)) throw new TypeError('Not a connection of ours.');
  return connection;
}
