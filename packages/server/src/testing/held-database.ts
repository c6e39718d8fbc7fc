import type { Kysely, KyselyPlugin, QueryId, RootOperationNode } from 'kysely';
import type { Database } from '../db/database.ts';

/** One answer of the database that a test holds back. */
export interface HeldAnswer {
  /** Settles when PostgreSQL has answered: what it read is of this moment or before. */
  readonly read: Promise<void>;
  /** Lets the answer arrive. */
  release(): void;
}

interface Hold extends HeldAnswer {
  readonly part: string;
  readonly arrived: () => void;
  readonly released: Promise<void>;
}

/** A database whose answers a test may hold back, so that they are old when they arrive. */
export class HeldDatabase implements Database {
  readonly core: Database['core'];
  readonly #inner: Database;
  readonly #holds: Hold[] = [];

  constructor(inner: Database) {
    this.#inner = inner;
    this.core = this.#holding(inner.core);
  }

  of(tenant: string): { readonly sql: ReturnType<Database['of']>['sql'] } {
    return { sql: this.#holding(this.#inner.of(tenant).sql) };
  }

  openPipeline: Database['openPipeline'] = () => this.#inner.openPipeline();

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** Holds back the answer to the next statement that has this text in it. */
  hold(part: string): HeldAnswer {
    const read = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const hold: Hold = {
      part,
      read: read.promise,
      arrived: read.resolve,
      released: released.promise,
      release: released.resolve,
    };
    this.#holds.push(hold);
    return hold;
  }

  #holding<Tables>(sql: Kysely<Tables>): Kysely<Tables> {
    const held = new WeakMap<QueryId, Hold>();
    const plugin: KyselyPlugin = {
      transformQuery: ({ node, queryId }) => {
        const hold = this.#take(node);
        if (hold !== undefined) held.set(queryId, hold);
        return node;
      },
      transformResult: async ({ result, queryId }) => {
        const hold = held.get(queryId);
        hold?.arrived();
        await hold?.released;
        return result;
      },
    };
    return sql.withPlugin(plugin);
  }

  #take(node: RootOperationNode): Hold | undefined {
    if (this.#holds.length === 0) return undefined;
    const text = JSON.stringify(node);
    const index = this.#holds.findIndex(({ part }) => text.includes(part));
    return index === -1 ? undefined : this.#holds.splice(index, 1)[0];
  }
}
