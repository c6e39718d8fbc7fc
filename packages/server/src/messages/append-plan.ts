import { type ConversationKind, ParleyError } from '@parley/protocol';
import { AccessEnded } from '../access/access-ended.ts';
import type { AppendedMessage, OutgoingMessage } from './append.ts';
import type { AppendKeys } from './append-keys.ts';
import type { AppendSenders } from './append-senders.ts';
import { contentHash } from './content-hash.ts';
import { datedAfter } from './dated-after.ts';

/** What became of one message of a group. `locked`: another transaction holds the conversation. */
export type Outcome =
  | {
      readonly type: 'appended';
      readonly message: AppendedMessage;
      /** Of the conversation. */
      readonly kind: ConversationKind;
    }
  | { readonly type: 'refused'; readonly error: ParleyError }
  | { readonly type: 'locked' };

/** The number, from 1, of what a row answers. */
export interface Ordinal {
  readonly n: number;
}

export interface LockedRow extends Ordinal {
  readonly last_seq: number;
  readonly version: number;
  readonly kind: ConversationKind;
  readonly blocked: boolean;
  readonly last_activity_at: Date;
}

export interface MemberRow extends Ordinal {
  readonly left_at: Date | null;
}

export interface ExistingRow extends Ordinal {
  readonly seq: number;
  readonly created_version: number;
  readonly created_at: Date;
  readonly content_hash: Buffer;
}

/** What the database answered about a group. */
export interface Answers {
  readonly senders: AppendSenders;
  readonly locked: readonly LockedRow[];
  readonly members: readonly MemberRow[];
  readonly existing: readonly ExistingRow[];
  readonly quoted: readonly Ordinal[];
}

/** A locked conversation: its counters go up with each message. */
interface Head {
  readonly tenant: string;
  readonly id: string;
  readonly kind: ConversationKind;
  readonly blocked: boolean;
  /** When what is stored now is dated: not before what is there. */
  readonly createdAt: string;
  lastSeq: number;
  version: number;
}

interface NewRow {
  readonly message: OutgoingMessage;
  readonly seq: number;
  readonly version: number;
  readonly hash: Buffer;
  readonly createdAt: string;
}

/**
 * Decides about every message of a group, and gives the new ones their numbers.
 *
 * Authority comes first: who may not send now learns nothing of repeats. First whether the session
 * stands, then membership, then blocks: a stranger must not learn of a block.
 */
export function planGroup(keys: AppendKeys, answers: Answers, now: Date): Plan {
  const plan = new Plan();
  const heads = headsOf(keys, answers.locked, now);
  const isMember = new Set(
    answers.members.filter((row) => row.left_at === null).map((row) => row.n - 1),
  );
  const stored = new Map(answers.existing.map((row) => [row.n - 1, row]));
  const quotable = new Set(answers.quoted.map((row) => keys.quotes[row.n - 1]?.index));
  const inGroup = new Map<string, NewRow>();

  keys.messages.forEach((message, index) => {
    plan.outcomes.push(decide(message, index));
  });
  return plan;

  function decide(message: OutgoingMessage, index: number): Outcome {
    const fault = answers.senders.faultOf(index);
    if (fault !== undefined) return { type: 'refused', error: new AccessEnded(fault) };
    const use = keys.use(index);
    if (use === undefined || !isMember.has(use.member)) return refused('not_found');
    const head = heads.get(use.conversation);
    if (head === undefined) return { type: 'locked' };
    if (head.blocked) return blockedHere();
    const { kind, createdAt } = head;
    const hash = contentHash({ ...message, kind: 'text' });
    const key = `${use.conversation} ${message.id}`;
    const earlier = stored.get(index);
    if (earlier !== undefined) {
      const { seq, created_version: version, created_at, content_hash } = earlier;
      if (!content_hash.equals(hash)) return refused('id_reused');
      const at = { seq, version, created_at: created_at.toISOString(), repeated: true };
      return { type: 'appended', message: at, kind };
    }
    const twin = inGroup.get(key);
    if (twin !== undefined) {
      const { seq, version } = twin;
      if (!twin.hash.equals(hash)) return refused('id_reused');
      const at = { seq, version, created_at: createdAt, repeated: true };
      return { type: 'appended', message: at, kind };
    }
    const quotedTwin = `${use.conversation} ${message.replyTo}`;
    if (message.replyTo !== null && !quotable.has(index) && !inGroup.has(quotedTwin)) {
      return refused('not_found', 'message.reply_to');
    }
    const row = { message, hash, createdAt, seq: ++head.lastSeq, version: ++head.version };
    inGroup.set(key, row);
    plan.add(row, head);
    const at = { seq: row.seq, version: row.version, created_at: createdAt, repeated: false };
    return { type: 'appended', message: at, kind };
  }
}

function headsOf(keys: AppendKeys, locked: readonly LockedRow[], now: Date): Map<number, Head> {
  const heads = new Map<number, Head>();
  for (const { n, last_seq: lastSeq, last_activity_at, version, kind, blocked } of locked) {
    const key = keys.conversation(n - 1);
    if (key === undefined) continue;
    const createdAt = datedAfter(last_activity_at, now).toISOString();
    heads.set(n - 1, { ...key, createdAt, lastSeq, version, kind, blocked });
  }
  return heads;
}

function refused(code: 'not_found' | 'id_reused', field?: string): Outcome {
  return {
    type: 'refused',
    error: new ParleyError(code, field === undefined ? {} : { field }),
  };
}

/** The same for both: the blocked must not learn from it whether they are the one. */
function blockedHere(): Outcome {
  const message =
    'Messages cannot be sent here. If you block the other person, unblock them first.';
  return { type: 'refused', error: new ParleyError('not_allowed', { message }) };
}

/** What becomes of a group, and what it writes. */
class Plan {
  readonly outcomes: Outcome[] = [];
  readonly rows: NewRow[] = [];
  readonly #advanced = new Set<Head>();

  add(row: NewRow, head: Head): void {
    this.rows.push(row);
    this.#advanced.add(head);
  }

  insertValues(): unknown[] {
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
      rows.map((one) => one.createdAt),
    ];
  }

  advanceValues(): unknown[] {
    const heads = [...this.#advanced];
    return [
      heads.map((one) => one.tenant),
      heads.map((one) => one.id),
      heads.map((one) => one.lastSeq),
      heads.map((one) => one.version),
      heads.map((one) => one.createdAt),
    ];
  }
}
