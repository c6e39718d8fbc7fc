import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { Scope } from '../scope.ts';

/** One conversation of a person, and where it stood when this was read. */
export interface MembershipHead {
  readonly conversation: string;
  readonly version: number;
  readonly lastSeq: number;
}

interface Waiting {
  readonly scope: Scope;
  readonly resolve: (heads: readonly MembershipHead[]) => void;
  readonly reject: (error: unknown) => void;
}

const peoplePerQuery = 500;

/** Reads memberships; people who connect together share one query, so a storm stays cheap. */
export class Memberships {
  readonly #db: Database;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(db: Database) {
    this.#db = db;
  }

  read(scope: Scope): Promise<readonly MembershipHead[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ scope, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        setImmediate(() => void this.#run());
      }
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, peoplePerQuery);
      try {
        const heads = await this.#query(batch.map((one) => one.scope));
        batch.forEach((one, index) => one.resolve(heads.get(index + 1) ?? []));
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    this.#running = false;
  }

  async #query(scopes: readonly Scope[]): Promise<Map<number, MembershipHead[]>> {
    const { rows } = await sql<{ n: number; id: string; version: number; last_seq: number }>`
      select person.n::int as n, conversation.id, conversation.version, conversation.last_seq
      from unnest(${scopes.map((one) => one.tenant)}::text[], ${scopes.map((one) => one.user)}::text[])
        with ordinality as person (tenant_id, user_id, n)
      join member on member.tenant_id = person.tenant_id and member.user_id = person.user_id
        and member.left_at is null
      join conversation on conversation.tenant_id = member.tenant_id
        and conversation.id = member.conversation_id`.execute(this.#db.sql);
    const heads = new Map<number, MembershipHead[]>();
    for (const row of rows) {
      const list = heads.get(row.n) ?? [];
      list.push({ conversation: row.id, version: row.version, lastSeq: row.last_seq });
      heads.set(row.n, list);
    }
    return heads;
  }
}
