import type { DatabaseAddress } from '../db/address.ts';
import { cutOff, openSession } from '../db/postgres/connect.ts';
import { OperatorError } from '../operator-error.ts';
import type { ClockSample } from './database-clock.ts';

type Client = Awaited<ReturnType<typeof openSession>>;

/** A database that says nothing for this long is as good as away, in ms. */
const patienceMs = 5_000;

/**
 * A dead line is noticed within 9 s on PostgreSQL's side too, so that a lock which a machine without
 * power holds is free before a restart has waited for it in vain.
 */
const settings = [
  'tcp_keepalives_idle = 5',
  'tcp_keepalives_interval = 2',
  'tcp_keepalives_count = 2',
  'tcp_user_timeout = 9000',
  // What a node says of itself is true for seconds: no commit of it need be durable.
  'synchronous_commit = off',
  'lock_timeout = 3000',
  'statement_timeout = 4000',
];

/** Names a connection in the database for ever: its process id may be given out again. */
interface Backend {
  readonly pid: number;
  readonly since: string;
}

/** The one connection by which a node holds its lock and says that it lives. */
export class NodeSession {
  readonly backend: Backend;
  /** Resolves when it is lost or closed. */
  readonly ended: Promise<void>;
  readonly #client: Client;

  private constructor(client: Client, backend: Backend, ended: Promise<void>) {
    this.#client = client;
    this.backend = backend;
    this.ended = ended;
  }

  /** `name`: what PostgreSQL shows of whom the connection is, 63 bytes at most. */
  static async open(address: DatabaseAddress, name: string): Promise<NodeSession> {
    const client = await openSession(address);
    const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
    try {
      for (const setting of settings) await client.query(`set ${setting}`);
      await client.query("select set_config('application_name', $1, false)", [name]);
      const { rows } = await client.query<Backend>(
        'select pid, backend_start::text as since from pg_stat_activity where pid = pg_backend_pid()',
      );
      const [backend] = rows;
      if (backend === undefined) throw new OperatorError('PostgreSQL does not show a connection.');
      return new NodeSession(client, backend, ended);
    } catch (error) {
      cutOff(client);
      throw error;
    }
  }

  /** Runs one statement. Where no answer comes in 5 s the connection is cut. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const late = setTimeout(() => cutOff(this.#client), patienceMs);
    try {
      const { rows } = await this.#client.query<Row>(text, [...values]);
      return rows;
    } finally {
      clearTimeout(late);
    }
  }

  /** Looks at the database's clock. */
  async readClock(): Promise<ClockSample> {
    const askedAt = performance.now();
    const [row] = await this.query<{ told: number }>(
      'select (extract(epoch from clock_timestamp()) * 1000)::float8 as told',
    );
    const answeredAt = performance.now();
    if (row === undefined) throw new Error('PostgreSQL did not tell the time.');
    return { askedAt, answeredAt, told: row.told };
  }

  async close(): Promise<void> {
    const late = setTimeout(() => cutOff(this.#client), patienceMs);
    await this.#client.end().catch(() => {});
    clearTimeout(late);
  }
}
