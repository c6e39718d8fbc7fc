import { type ConversationChanges, limits, type Member, type Message } from '@parley/protocol';
import { type Kysely, sql } from 'kysely';
import { mine, readFirstMembers, unreadCount } from '../conversations/conversation-rows.ts';
import type { Tables } from '../db/tables.ts';
import { hiddenFrom } from '../messages/hidden-message.ts';
import { messageColumns, toMessage } from '../messages/message-row.ts';
import type { Scope } from '../scope.ts';
import { readChangedMembers, readChangedMessages, type Since } from './changed-rows.ts';

/** What a client knows of a conversation. */
export interface Known {
  readonly version: number;
  readonly last_seq: number;
}

/** A conversation as its member finds it. */
export interface Head {
  readonly id: string;
  readonly name: string | null;
  readonly version: number;
  readonly fields_version: number;
  readonly last_seq: number;
  readonly first_seq: number;
  readonly member_count: number;
  readonly joined_seq: number;
  readonly joined_version: number;
  readonly unread: number;
}

/**
 * How a known conversation comes up to date. `later`: the answer is full, ask again for this one,
 * after forgetting what is known of it where that is no use.
 */
export type Way =
  | { readonly type: 'current' }
  | { readonly type: 'changes'; readonly since: Since; readonly rows: number }
  | { readonly type: 'reset' }
  | { readonly type: 'later'; readonly reset: boolean };

// One answer stays within a few megabytes whatever is asked: what does not fit is asked for again.
const messagesPerAnswer = 2_000;
const charactersPerAnswer = 1_000_000;
const messagesPerRead = 400;

/** The conversations that a client says it knows, and what changed in them since. */
export class KnownConversations {
  readonly #db: Kysely<Tables>;
  readonly #scope: Scope;
  readonly #heads: readonly Head[];
  readonly #ways = new Map<string, Way>();
  readonly #messages = new Map<string, readonly Message[]>();
  readonly #members = new Map<string, readonly Member[]>();
  /** Known ids that are not this person's: left, foreign or invented alike. */
  readonly removed: readonly string[];

  static async read(
    db: Kysely<Tables>,
    scope: Scope,
    known: ReadonlyMap<string, Known>,
    sameHistory: boolean,
  ): Promise<KnownConversations> {
    const heads = await readHeads(db, scope, [...known.keys()]);
    return new KnownConversations(db, scope, heads, known, sameHistory);
  }

  private constructor(
    db: Kysely<Tables>,
    scope: Scope,
    heads: readonly Head[],
    known: ReadonlyMap<string, Known>,
    sameHistory: boolean,
  ) {
    this.#db = db;
    this.#scope = scope;
    this.#heads = heads;
    const found = new Set(heads.map((head) => head.id));
    this.removed = [...known.keys()].filter((id) => !found.has(id));
    for (const head of heads) {
      const at = known.get(head.id);
      if (at !== undefined) this.#ways.set(head.id, wayFrom(head, at, sameHistory));
    }
  }

  get ids(): string[] {
    return this.#heads.map((head) => head.id);
  }

  async readChanges(): Promise<ConversationChanges[]> {
    await this.#countChanges();
    await this.#readMessages();
    await this.#readMembers();
    return this.#heads.map((head) => this.#told(head));
  }

  /** Versions that lie far apart may still be few rows (ten edits leave one): then no reset. */
  async #countChanges(): Promise<void> {
    const enough = limits.changesBeforeReset + 1;
    const far = this.#changed().filter((one) => one.rows >= enough);
    if (far.length === 0) return;
    for (const { id, since } of far) {
      const { rows } = await sql<{ messages: number; members: number }>`
        select
          (select count(*)::int from (
            select from message
            where tenant_id = ${this.#scope.tenant} and conversation_id = ${id}
              and version > ${since.version}
              and (seq > ${since.lastSeq} or version > created_version)
              and seq >= ${since.joinedSeq} limit ${enough}) as one) as messages,
          (select count(*)::int from (
            select from member
            where tenant_id = ${this.#scope.tenant} and conversation_id = ${id}
              and version > ${since.version} limit ${enough}) as one) as members`.execute(this.#db);
      const count = (rows[0]?.messages ?? 0) + (rows[0]?.members ?? 0);
      this.#ways.set(
        id,
        count >= enough ? { type: 'reset' } : { type: 'changes', since, rows: count },
      );
    }
  }

  async #readMessages(): Promise<void> {
    let messages = 0;
    let characters = 0;
    const full = () => messages >= messagesPerAnswer || characters >= charactersPerAnswer;
    const take = (id: string, rows: readonly Message[]) => {
      this.#messages.set(id, rows);
      messages += rows.length;
      for (const row of rows) characters += row.body.length;
    };
    let batch: { id: string; since: Since; rows: number }[] = [];
    const readBatch = async () => {
      if (batch.length === 0) return;
      const since = batch.map((one) => one.since);
      const limit = limits.messagesPerSync + 1;
      const read = await readChangedMessages(this.#db, this.#scope, since, limit);
      for (const { id } of batch) {
        if (full()) this.#ways.set(id, { type: 'later', reset: false });
        else take(id, read.get(id) ?? []);
      }
      batch = [];
    };
    for (const one of this.#changed()) {
      if (full()) {
        this.#ways.set(one.id, { type: 'later', reset: false });
        continue;
      }
      batch.push(one);
      if (batch.reduce((sum, { rows }) => sum + rows, 0) >= messagesPerRead) await readBatch();
    }
    await readBatch();
    for (const { id, way } of this.#all()) {
      if (way.type !== 'reset') continue;
      // Told now: after another epoch the next question comes with the new one, and old numbers.
      if (full()) this.#ways.set(id, { type: 'later', reset: true });
      else take(id, await this.#newestPage(id));
    }
  }

  async #newestPage(id: string): Promise<Message[]> {
    const head = this.#heads.find((one) => one.id === id);
    const rows = await this.#db
      .selectFrom('message')
      .select(messageColumns)
      .select(hiddenFrom(this.#scope).as('hidden'))
      .where('tenant_id', '=', this.#scope.tenant)
      .where('conversation_id', '=', id)
      .where('seq', '>=', head?.joined_seq ?? 0)
      .orderBy('seq', 'desc')
      .limit(limits.page)
      .execute();
    return rows.reverse().map(toMessage);
  }

  async #readMembers(): Promise<void> {
    const { tenant } = this.#scope;
    const since = this.#changed().map((one) => one.since);
    const limit = limits.changesBeforeReset;
    const changed = await readChangedMembers(this.#db, tenant, since, limit);
    for (const [id, members] of changed) this.#members.set(id, members);
    const reset = this.#all().flatMap(({ id, way }) => (way.type === 'reset' ? [id] : []));
    const first = await readFirstMembers(this.#db, this.#scope, reset);
    for (const [id, members] of first) this.#members.set(id, members);
  }

  #told(head: Head): ConversationChanges {
    return toldChanges(head, this.#ways.get(head.id) ?? { type: 'current' }, {
      messages: this.#messages.get(head.id) ?? [],
      members: this.#members.get(head.id) ?? [],
    });
  }

  #all(): { id: string; way: Way }[] {
    return [...this.#ways].map(([id, way]) => ({ id, way }));
  }

  #changed(): { id: string; since: Since; rows: number }[] {
    return this.#all().flatMap(({ id, way }) =>
      way.type === 'changes' ? [{ id, since: way.since, rows: way.rows }] : [],
    );
  }
}

/** How a conversation's changes are told; without marks. */
export function toldChanges(
  head: Head,
  way: Way,
  {
    messages,
    members,
  }: { readonly messages: readonly Message[]; readonly members: readonly Member[] },
): ConversationChanges {
  const fieldsChanged =
    way.type === 'reset' ||
    members.length > 0 ||
    (way.type === 'changes' && head.fields_version > way.since.version);
  return {
    id: head.id,
    version: head.version,
    last_seq: head.last_seq,
    first_seq: head.first_seq,
    unread: head.unread,
    ...(fieldsChanged
      ? { conversation: { name: head.name, member_count: head.member_count } }
      : {}),
    members,
    marks: {},
    messages: messages.slice(0, limits.messagesPerSync),
    has_more: way.type === 'later' || messages.length > limits.messagesPerSync,
    reset: way.type === 'reset' || (way.type === 'later' && way.reset),
  };
}

/** How what a client knows comes up to date. */
export function wayFrom(head: Head, known: Known, sameHistory: boolean): Way {
  const ahead = known.version > head.version || known.last_seq > head.last_seq;
  // Messages in between were removed from the front: rows would lead past them without a word.
  const belowFloor = known.last_seq + 1 < head.first_seq;
  // Joined again since: what was between is not this person's to see.
  const joinedSince = known.version < head.joined_version;
  if (!sameHistory || ahead || belowFloor || joinedSince) return { type: 'reset' };
  if (known.version === head.version) return { type: 'current' };
  return {
    type: 'changes',
    since: {
      id: head.id,
      version: known.version,
      lastSeq: known.last_seq,
      joinedSeq: head.joined_seq,
    },
    rows: Math.min(head.version - known.version, limits.changesBeforeReset + 1),
  };
}

async function readHeads(
  db: Kysely<Tables>,
  scope: Scope,
  ids: readonly string[],
): Promise<readonly Head[]> {
  const { rows } = await sql<Head>`
    with ${mine(scope, ids)}
    select conversation.id, conversation.name, conversation.version, conversation.fields_version,
      conversation.last_seq,
      greatest(conversation.first_seq, mine.joined_seq) as first_seq,
      conversation.member_count, mine.joined_seq, mine.joined_version,
      ${unreadCount(scope)} as unread
    from mine
    join conversation on conversation.tenant_id = mine.tenant_id
      and conversation.id = mine.conversation_id
    order by conversation.last_activity_at desc, conversation.id`.execute(db);
  return rows;
}
