import { Client, DatabaseError } from 'pg';
import type { DatabaseAddress } from '../address.ts';
import type { Pipeline, Statement, StatementResult } from '../database.ts';
import { ConnectionLost } from '../failure.ts';
import { coreRole } from '../roles.ts';
import {
  clientConfig,
  cutOff,
  longestSilenceMs,
  refuseOtherRole,
  watchSilence,
  whoStatement,
} from './connect.ts';

interface PipelineOptions {
  /** As `longestSilenceMs`; for tests. */
  readonly silenceMs?: number;
  readonly searchPath?: string | undefined;
}

/** Opens a pipelined connection. Its loss rejects what is pending and turns `usable` false. */
export async function openPipeline(
  address: DatabaseAddress,
  { silenceMs = longestSilenceMs.pipeline, searchPath }: PipelineOptions = {},
): Promise<PostgresPipeline> {
  const config = clientConfig(address, 'pipeline', searchPath);
  const client = new Client({ ...config, pipeline: true });
  // Without a listener a failure before the pipeline listens would end the process.
  client.on('error', () => {});
  await client.connect();
  const pipeline = new PostgresPipeline(client, silenceMs);
  try {
    const { rows } = await pipeline.query<{ role: string }>(whoStatement);
    refuseOtherRole(coreRole, rows);
  } catch (error) {
    await pipeline.close();
    throw error;
  }
  return pipeline;
}

const goodbyeMs = 1_000;

export class PostgresPipeline implements Pipeline {
  readonly #client: Client;
  readonly #closed: Promise<void>;
  #usable = true;
  #corked = false;
  #pending = 0;

  constructor(client: Client, silenceMs: number) {
    this.#client = client;
    // Every pending statement is rejected by the driver itself; the event only has to be heard.
    client.on('error', () => {
      this.#usable = false;
    });
    this.#closed = new Promise((resolve) => {
      client.once('end', () => {
        this.#usable = false;
        resolve();
      });
    });
    watchSilence(client, silenceMs, () => {
      if (this.#pending > 0) this.#abandon();
    });
  }

  get usable(): boolean {
    return this.#usable;
  }

  async query<Row>(
    statement: Statement,
    values: readonly unknown[] = [],
  ): Promise<StatementResult<Row>> {
    if (!this.#usable) throw new ConnectionLost();
    this.#cork();
    this.#pending += 1;
    try {
      const { rows, command } = await this.#client.query({
        name: statement.name,
        text: statement.text,
        values: [...values],
      });
      return { rows, command };
    } catch (error) {
      if (error instanceof DatabaseError) throw error;
      // Not PostgreSQL's answer: the line is gone, or its state is unknown. Start afresh.
      this.#abandon();
      throw new ConnectionLost(error);
    } finally {
      this.#pending -= 1;
    }
  }

  async close(): Promise<void> {
    this.#usable = false;
    // A dead line says no goodbye.
    const late = setTimeout(() => cutOff(this.#client), goodbyeMs);
    await this.#client.end();
    await this.#closed;
    clearTimeout(late);
  }

  /** Statements of one turn of the event loop leave in one write. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    const { stream } = this.#client.connection;
    stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      stream.uncork();
    });
  }

  #abandon(): void {
    this.#usable = false;
    cutOff(this.#client);
  }
}
