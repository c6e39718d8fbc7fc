import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { Scope } from '../scope.ts';

/** One conversation of a person, and where it stood when this was read. */
export interface MembershipHead {
  readonly conversation: string;
  readonly version: number;
  readonly lastSeq: number;
}

/** A person's conversations, and the personal version at which they were read. */
export interface MembershipList {
  readonly me: number;
  readonly heads: readonly MembershipHead[];
}

interface Waiting {
  readonly scope: Scope;
  readonly resolve: (list: MembershipList) => void;
  readonly reject: (error: unknown) => void;
}

interface Row {
  readonly n: number;
  readonly me: number;
  readonly id: string | null;
  readonly version: number;
  readonly last_seq: number;
}

const peoplePerQuery = 500;

/** Reads memberships; people who connect together share one query, so a storm stays cheap. */
export class Memberships {
  readonly #db: Database;
  readonly #waiting: Waiting[] = [];
  #running = false;

  constructor(db: Database) {
    this.#db = db;
  }

  read(scope: Scope): Promise<MembershipList> {
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
        const lists = await this.#query(batch.map((one) => one.scope));
        for (const [index, one] of batch.entries()) {
          one.resolve(lists.get(index + 1) ?? { me: 0, heads: [] });
        }
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    this.#running = false;
  }

  async #query(scopes: readonly Scope[]): Promise<Map<number, MembershipList>> {
    const { rows } = await sql<Row>`
      select person.n::int as n, app_user.version as me,
        conversation.id, conversation.version, conversation.last_seq
      from unnest(${scopes.map((one) => one.tenant)}::text[], ${scopes.map((one) => one.user)}::text[])
        with ordinality as person (tenant_id, user_id, n)
      join app_user on app_user.tenant_id = person.tenant_id and app_user.id = person.user_id
      left join member on member.tenant_id = person.tenant_id and member.user_id = person.user_id
        and member.left_at is null
      left join conversation on conversation.tenant_id = member.tenant_id
        and conversation.id = member.conversation_id`.execute(this.#db.sql);
    const lists = new Map<number, { me: number; heads: MembershipHead[] }>();
    for (const row of rows) {
      const list = lists.get(row.n) ?? { me: row.me, heads: [] };
      if (row.id !== null) {
        list.heads.push({ conversation: row.id, version: row.version, lastSeq: row.last_seq });
      }
      lists.set(row.n, list);
    }
    return lists;
  }
}
