import {
  type ConversationEvent,
  type ConversationKind,
  newId,
  type SystemAct,
} from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { ConversationChange } from '../bus/bus.ts';
import type { Context } from '../context.ts';
import type { Tables } from '../db/tables.ts';
import { contentHash } from '../messages/content-hash.ts';
import { datedAfter } from '../messages/dated-after.ts';
import { hideableSender } from '../messages/hidden-message.ts';
import { toMessage } from '../messages/message-row.ts';
import type { Standing } from '../policy/right.ts';

/** What a change works with, apart from its input: who is said to do it, and where it is told. */
export type Changing = Pick<Context, 'scope' | 'db' | 'bus' | 'now'>;

/** A locked conversation, as it was before the change. */
export interface Head {
  readonly id: string;
  readonly kind: ConversationKind;
  readonly name: string | null;
  readonly history: 'joined' | 'all';
  readonly lastSeq: number;
  readonly memberCount: number;
  readonly version: number;
  /** When its last message is dated. */
  readonly lastActivityAt: Date;
}

/**
 * One durable change of a conversation under its lock: hands out versions and collects what to tell.
 */
export class Change {
  readonly trx: Kysely<Tables>;
  readonly before: Head & Standing;
  readonly at: Date;
  readonly told: ConversationChange[] = [];
  readonly #ctx: Changing;
  #version: number;
  #lastSeq: number;
  #saved: number;

  constructor(ctx: Changing, trx: Kysely<Tables>, before: Head & Standing) {
    this.#ctx = ctx;
    this.trx = trx;
    this.before = before;
    this.at = datedAfter(before.lastActivityAt, new Date(ctx.now()));
    this.#version = before.version;
    this.#lastSeq = before.lastSeq;
    this.#saved = before.version;
  }

  get version(): number {
    return this.#version;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Takes the next version: stamp it on the row that changes. */
  nextVersion(): number {
    return ++this.#version;
  }

  /** Writes the new head, so that what is read in this transaction shows it; done at the end anyway. */
  async save(): Promise<void> {
    if (this.#saved === this.#version) return;
    await this.trx
      .updateTable('conversation')
      .set({
        version: this.#version,
        last_seq: this.#lastSeq,
        ...(this.#lastSeq > this.before.lastSeq ? { last_activity_at: this.at } : {}),
      })
      .where('tenant_id', '=', this.#ctx.scope.tenant)
      .where('id', '=', this.before.id)
      .execute();
    this.#saved = this.#version;
  }

  /** Will be told to those in the conversation, once committed. `left`: who gets nothing from here on. */
  tell(event: ConversationEvent, options: { left?: string; seq?: number } = {}): void {
    this.told.push({
      type: 'change',
      version: event.version,
      prev: event.version - 1,
      frame: JSON.stringify(event),
      ...('message' in event ? hideableSender(this.before.kind, event.message) : {}),
      ...options,
    });
  }

  /** Adds a system message that tells of an act of the acting person. */
  async addSystemMessage(act: SystemAct): Promise<void> {
    const { tenant, user } = this.#ctx.scope;
    const version = this.nextVersion();
    const seq = ++this.#lastSeq;
    const row = {
      seq,
      id: newId(),
      sender_id: user,
      kind: 'system' as const,
      body: '',
      reply_to: null,
      edited_at: null,
      deleted_at: null,
      version,
      created_at: this.at,
    };
    await this.trx
      .insertInto('message')
      .values({
        ...row,
        tenant_id: tenant,
        conversation_id: this.before.id,
        act: JSON.stringify(act),
        thread_root: null,
        created_version: version,
        content_hash: contentHash({ sender: user, kind: 'system', body: '', replyTo: null }),
      })
      .execute();
    const message = toMessage({ ...row, act, hidden: false });
    this.tell(
      { event: 'message.created', conversation: this.before.id, version, message },
      { seq },
    );
  }
}
