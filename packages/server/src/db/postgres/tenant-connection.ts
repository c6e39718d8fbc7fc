import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import type { PoolClient, QueryResultRow } from 'pg';
import { failureKind } from '../failure.ts';
import { runStatement } from './tenant-statement.ts';

/** A transaction is opened by its first statement: that spares it a round trip. */
type State =
  | { readonly is: 'alone' }
  | { readonly is: 'opening'; readonly begin: string }
  | { readonly is: 'open' };

/**
 * A pool's connection while it is lent to one tenant.
 *
 * It goes back only in a state that is known to be clean; otherwise it is closed.
 */
export class TenantConnection implements DatabaseConnection {
  readonly #client: PoolClient;
  readonly #tenant: string;
  #state: State = { is: 'alone' };
  #doubtful = false;

  constructor(client: PoolClient, tenant: string) {
    this.#client = client;
    this.#tenant = tenant;
  }

  begin(begin: string): void {
    this.#state = { is: 'opening', begin };
  }

  /** Ends the transaction and tells what PostgreSQL did. */
  async end(how: 'commit' | 'rollback'): Promise<string> {
    const { is } = this.#state;
    if (is === 'open') {
      const { command } = await this.#guard(this.#client.query(how));
      this.#assertIdle();
      this.#state = { is: 'alone' };
      return command;
    }
    this.#state = { is: 'alone' };
    return how.toUpperCase();
  }

  async executeQuery<Row>({ sql: text, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const state = this.#state;
    const ahead = this.#goesAhead(state);
    if (state.is === 'opening') this.#state = { is: 'open' };
    const { command, rowCount, rows } = await this.#guard(
      runStatement<Row & QueryResultRow>(this.#client, { text, values: parameters, ...ahead }),
    );
    if (state.is === 'alone') this.#assertIdle();
    return changing.has(command) ? { rows, numAffectedRows: BigInt(rowCount ?? 0) } : { rows };
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for the method; nothing of ours streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Streaming is not supported: read pages.');
  }

  release(): void {
    this.#client.release(this.#doubtful || this.#state.is === 'open');
  }

  #goesAhead(state: State) {
    const tenant = this.#tenant;
    switch (state.is) {
      case 'alone':
        return { ahead: { tenant } };
      case 'opening':
        return { ahead: { tenant, begin: state.begin } };
      case 'open':
        return {};
    }
  }

  async #guard<Result>(answer: Promise<Result>): Promise<Result> {
    try {
      return await answer;
    } catch (error) {
      if (failureKind(error) === 'unavailable') this.#doubtful = true;
      // Else it would begin at the socket, and tell nothing of who asked.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  }

  /** A statement that opened a transaction would leave its tenant to the next user. */
  #assertIdle(): void {
    if (this.#client.getTransactionStatus() === 'I') return;
    this.#doubtful = true;
    throw new Error('The statement left a transaction open. Use transaction().');
  }
}

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);
