import { ParleyError } from '@parley/protocol';
import type { Pipeline } from '../db/database.ts';
import type { AppendedMessage, OutgoingMessage } from './append.ts';
import { statements } from './append-statements.ts';
import { contentHash } from './content-hash.ts';

/** What became of one message of a group. `locked`: another transaction holds the conversation. */
export type Outcome =
  | { readonly type: 'appended'; readonly message: AppendedMessage }
  | { readonly type: 'refused'; readonly error: ParleyError }
  | { readonly type: 'locked' };

/**
 * Stores a group of messages in one transaction; outcomes come in the order of the messages.
 *
 * Two round trips: lock and look-ups, then the rows with the commit. All SQL statements are short
 * and by key; the numbering happens here. The look-ups are statements of their own *after* the lock,
 * each with its own snapshot: a look-up inside the locking statement would miss what the lock waited for.
 */
export async function appendGroup(
  pipeline: Pipeline,
  messages: readonly OutgoingMessage[],
  now: Date,
): Promise<Outcome[]> {
  const group = new Group(messages);
  const [, locked, members, existing, quoted] = await inOrder([
    pipeline.query(statements.begin),
    pipeline.query<LockedRow>(statements.lock, group.conversationKeys()),
    pipeline.query<MemberRow>(statements.members, group.memberKeys()),
    pipeline.query<ExistingRow>(statements.existing, group.messageKeys()),
    group.quotes.length === 0
      ? nothing
      : pipeline.query<Ordinal>(statements.quoted, group.quoteKeys()),
  ]);
  const plan = group.number(locked.rows, members.rows, existing.rows, quoted?.rows ?? [], now);
  const [, , committed] = await inOrder([
    plan.rows.length === 0 ? nothing : pipeline.query(statements.insert, plan.insertValues(now)),
    plan.rows.length === 0 ? nothing : pipeline.query(statements.advance, plan.advanceValues(now)),
    pipeline.query(statements.commit),
  ]);
  // A transaction that failed on the way answers COMMIT with ROLLBACK, and no error.
  if (committed.command !== 'COMMIT') throw new Error('the group was rolled back');
  return plan.outcomes;
}

/** Waits for all, then throws the first failure in order: the later ones only say "aborted". */
async function inOrder<const T extends readonly Promise<unknown>[]>(
  queries: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(queries);
  return Promise.all(queries);
}

const nothing = Promise.resolve(undefined);

interface Ordinal {
  readonly n: number;
}

interface MemberRow extends Ordinal {
  readonly left_at: Date | null;
}

interface LockedRow extends Ordinal {
  readonly last_seq: number;
  readonly version: number;
}

interface ExistingRow extends Ordinal {
  readonly seq: number;
  readonly created_version: number;
  readonly created_at: Date;
  readonly content_hash: Buffer;
}

interface ConversationHead {
  readonly tenant: string;
  readonly id: string;
  lastSeq: number;
  version: number;
  locked: boolean;
}

interface NewRow {
  readonly message: OutgoingMessage;
  readonly seq: number;
  readonly version: number;
  readonly hash: Buffer;
}

/** The keys of a group, each once, and which message uses which. */
class Group {
  readonly messages: readonly OutgoingMessage[];
  readonly quotes: { readonly message: OutgoingMessage; readonly index: number }[] = [];
  readonly #conversations: ConversationHead[] = [];
  readonly #members: { readonly conversation: number; readonly user: string }[] = [];
  readonly #uses: { readonly conversation: number; readonly member: number }[] = [];

  constructor(messages: readonly OutgoingMessage[]) {
    this.messages = messages;
    const conversations = new Map<string, number>();
    const members = new Map<string, number>();
    messages.forEach((message, index) => {
      const { tenant, conversation: id, sender: user } = message;
      const conversationKey = `${tenant} ${id}`;
      let conversation = conversations.get(conversationKey);
      if (conversation === undefined) {
        conversation = this.#conversations.length;
        conversations.set(conversationKey, conversation);
        this.#conversations.push({ tenant, id, lastSeq: 0, version: 0, locked: false });
      }
      const memberKey = `${conversation} ${user}`;
      let member = members.get(memberKey);
      if (member === undefined) {
        member = this.#members.length;
        members.set(memberKey, member);
        this.#members.push({ conversation, user });
      }
      this.#uses.push({ conversation, member });
      if (message.replyTo !== null) this.quotes.push({ message, index });
    });
  }

  conversationKeys(): unknown[] {
    return [this.#conversations.map((one) => one.tenant), this.#conversations.map((one) => one.id)];
  }

  memberKeys(): unknown[] {
    const conversations = this.#members.map((one) => this.#conversations[one.conversation]);
    return [
      conversations.map((one) => one?.tenant),
      conversations.map((one) => one?.id),
      this.#members.map((one) => one.user),
    ];
  }

  messageKeys(): unknown[] {
    return [
      this.messages.map((one) => one.tenant),
      this.messages.map((one) => one.conversation),
      this.messages.map((one) => one.id),
    ];
  }

  quoteKeys(): unknown[] {
    const messages = this.quotes.map((one) => one.message);
    return [
      messages.map((one) => one.tenant),
      messages.map((one) => one.conversation),
      messages.map((one) => one.replyTo),
      messages.map((one) => one.sender),
    ];
  }

  /** Gives every new message its number. Authority comes first: a stranger learns nothing of repeats. */
  number(
    locked: readonly LockedRow[],
    members: readonly MemberRow[],
    existing: readonly ExistingRow[],
    quoted: readonly Ordinal[],
    now: Date,
  ): Plan {
    for (const row of locked) {
      const head = this.#conversations[row.n - 1];
      if (head === undefined) continue;
      head.lastSeq = row.last_seq;
      head.version = row.version;
      head.locked = true;
    }
    const isMember = new Set(members.filter((row) => row.left_at === null).map((row) => row.n - 1));
    const stored = new Map(existing.map((row) => [row.n - 1, row]));
    const quotable = new Set(quoted.map((row) => this.quotes[row.n - 1]?.index));
    const plan = new Plan();
    const inGroup = new Map<string, NewRow>();
    const createdAt = now.toISOString();
    this.messages.forEach((message, index) => {
      const use = this.#uses[index];
      const head = use === undefined ? undefined : this.#conversations[use.conversation];
      if (use === undefined || head === undefined || !isMember.has(use.member)) {
        plan.outcomes.push(refused('not_found'));
        return;
      }
      if (!head.locked) {
        plan.outcomes.push({ type: 'locked' });
        return;
      }
      const hash = contentHash({ ...message, kind: 'text' });
      const earlier = stored.get(index);
      if (earlier !== undefined) {
        plan.outcomes.push(
          earlier.content_hash.equals(hash)
            ? appended(earlier.seq, earlier.created_version, earlier.created_at.toISOString(), true)
            : refused('id_reused'),
        );
        return;
      }
      const key = `${use.conversation} ${message.id}`;
      const twin = inGroup.get(key);
      if (twin !== undefined) {
        plan.outcomes.push(
          twin.hash.equals(hash)
            ? appended(twin.seq, twin.version, createdAt, true)
            : refused('id_reused'),
        );
        return;
      }
      const quotedTwin = `${use.conversation} ${message.replyTo}`;
      if (message.replyTo !== null && !quotable.has(index) && !inGroup.has(quotedTwin)) {
        plan.outcomes.push(refused('not_found', 'message.reply_to'));
        return;
      }
      const row = { message, hash, seq: ++head.lastSeq, version: ++head.version };
      inGroup.set(key, row);
      plan.add(row, head);
      plan.outcomes.push(appended(row.seq, row.version, createdAt, false));
    });
    return plan;
  }
}

function appended(seq: number, version: number, created_at: string, repeated: boolean): Outcome {
  return { type: 'appended', message: { seq, version, created_at, repeated } };
}

function refused(code: 'not_found' | 'id_reused', field?: string): Outcome {
  return {
    type: 'refused',
    error: new ParleyError(code, field === undefined ? {} : { field }),
  };
}

/** What a numbered group writes. */
class Plan {
  readonly outcomes: Outcome[] = [];
  readonly rows: NewRow[] = [];
  readonly #advanced = new Set<ConversationHead>();

  add(row: NewRow, head: ConversationHead): void {
    this.rows.push(row);
    this.#advanced.add(head);
  }

  insertValues(now: Date): unknown[] {
    const { rows } = this;
    return [
      rows.map((one) => one.message.tenant),
      rows.map((one) => one.message.conversation),
      rows.map((one) => one.seq),
      rows.map((one) => one.message.id),
      rows.map((one) => one.message.sender),
      rows.map((one) => one.message.body),
      rows.map((one) => one.hash),
      rows.map((one) => one.message.replyTo),
      rows.map((one) => one.version),
      now,
    ];
  }

  advanceValues(now: Date): unknown[] {
    const heads = [...this.#advanced];
    return [
      heads.map((one) => one.tenant),
      heads.map((one) => one.id),
      heads.map((one) => one.lastSeq),
      heads.map((one) => one.version),
      now,
    ];
  }
}
