import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import { FairQueue } from '../limits/fair-queue.ts';
import type { Scope } from '../scope.ts';

/** One conversation of a person, and where it stood when this was read. */
export interface MembershipHead {
  readonly conversation: string;
  readonly version: number;
  readonly lastSeq: number;
  /** Of a direct conversation: one of the two blocks the other. */
  readonly blocked?: boolean;
}

/** A person's conversations, blocks and access, and the personal version at which they were read. */
export interface MembershipList {
  readonly me: number;
  readonly heads: readonly MembershipHead[];
  readonly deactivated: boolean;
  /** Tokens issued before this are dead; milliseconds. */
  readonly tokensValidFrom: number;
  /** Whom the person blocks. */
  readonly blocks: ReadonlySet<string>;
}

interface Waiting {
  readonly scope: Scope;
  readonly resolve: (list: MembershipList) => void;
  readonly reject: (error: unknown) => void;
}

interface Row {
  readonly n: number;
  readonly me: number;
  readonly deactivated: boolean;
  readonly tokens_valid_from: Date | null;
  readonly id: string | null;
  readonly version: number;
  readonly last_seq: number;
  readonly blocked: boolean;
  /** In rows of their own. */
  readonly blocks: string | null;
}

interface MutableList extends MembershipList {
  readonly heads: MembershipHead[];
  readonly blocks: Set<string>;
}

const peoplePerQuery = 500;
/** About as many rows come at once, however many each person brings: reading them stops everything else. */
const rowsPerQuery = 20_000;
/** Of somebody who is no user yet: a token of theirs is being looked at. */
const nobody: MembershipList = {
  me: 0,
  heads: [],
  deactivated: false,
  tokensValidFrom: 0,
  blocks: new Set(),
};

/**
 * Reads memberships and blocks; people who connect together share one query, so a storm stays cheap.
 *
 * Tenants take turns: one whose people are in thousands of conversations waits behind itself.
 */
export class Memberships {
  readonly #db: Database;
  readonly #waiting = new FairQueue<Waiting>();
  #running = false;
  /** Rows that a person brought of late. */
  #rowsEach = 1;

  constructor(db: Database) {
    this.#db = db;
  }

  read(scope: Scope): Promise<MembershipList> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(scope.tenant, { scope, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        setImmediate(() => void this.#run());
      }
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const fitting = Math.ceil(rowsPerQuery / this.#rowsEach);
      const batch = this.#waiting.take(Math.min(peoplePerQuery, fitting));
      try {
        const lists = await this.#query(batch.map((one) => one.scope));
        for (const [index, one] of batch.entries()) {
          one.resolve(lists.get(index + 1) ?? nobody);
        }
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    this.#running = false;
  }

  async #query(scopes: readonly Scope[]): Promise<Map<number, MembershipList>> {
    // One statement, so that all is of one moment.
    const { rows } = await sql<Row>`
      with person as materialized (
        select wanted.n::int as n, wanted.tenant_id, wanted.user_id, app_user.version as me,
          app_user.deactivated_at is not null as deactivated, app_user.tokens_valid_from
        from unnest(${scopes.map((one) => one.tenant)}::text[],
          ${scopes.map((one) => one.user)}::text[])
          with ordinality as wanted (tenant_id, user_id, n)
        join app_user on app_user.tenant_id = wanted.tenant_id and app_user.id = wanted.user_id
      )
      select person.n, person.me, person.deactivated, person.tokens_valid_from,
        conversation.id, conversation.version, conversation.last_seq, conversation.blocked,
        null as blocks
      from person
      left join member on member.tenant_id = person.tenant_id and member.user_id = person.user_id
        and member.left_at is null
      left join conversation on conversation.tenant_id = member.tenant_id
        and conversation.id = member.conversation_id
      union all
      select person.n, person.me, person.deactivated, person.tokens_valid_from,
        null, null, null, null, block.blocked_id
      from person
      join block on block.tenant_id = person.tenant_id
        and block.blocker_id = person.user_id`.execute(this.#db.core);
    this.#rowsEach = Math.max(1, (this.#rowsEach + rows.length / scopes.length) / 2);
    const lists = new Map<number, MutableList>();
    for (const { n, me, deactivated, id, version, last_seq: lastSeq, blocked, ...row } of rows) {
      const list = lists.get(n) ?? {
        me,
        heads: [],
        deactivated,
        tokensValidFrom: row.tokens_valid_from?.getTime() ?? 0,
        blocks: new Set(),
      };
      if (id !== null) list.heads.push({ conversation: id, version, lastSeq, blocked });
      if (row.blocks !== null) list.blocks.add(row.blocks);
      lists.set(n, list);
    }
    return lists;
  }
}
