import {
  type ConversationEvent,
  conversationTopic,
  newId,
  ParleyError,
  type SystemAct,
} from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { ConversationChange } from '../bus/bus.ts';
import type { Context } from '../context.ts';
import type { Tables } from '../db/tables.ts';
import { contentHash } from '../messages/content-hash.ts';
import { toMessage } from '../messages/message-row.ts';

/** The locked conversation, as it was before the change. */
export interface LockedConversation {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  readonly name: string | null;
  readonly history: 'joined' | 'all';
  readonly lastSeq: number;
  readonly memberCount: number;
  /** The acting person's role in it. */
  readonly role: 'owner' | 'admin' | 'member';
}

/**
 * One durable change of a conversation under its lock: hands out versions and collects what to tell.
 */
export class Change {
  readonly trx: Kysely<Tables>;
  readonly before: LockedConversation;
  readonly at: Date;
  readonly told: ConversationChange[] = [];
  readonly #ctx: Context;
  #version: number;
  #lastSeq: number;
  #saved: number;

  constructor(
    ctx: Context,
    trx: Kysely<Tables>,
    before: LockedConversation & { readonly version: number },
  ) {
    this.#ctx = ctx;
    this.trx = trx;
    this.before = before;
    this.at = new Date(ctx.now());
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
    const message = toMessage({ ...row, act });
    this.tell(
      { event: 'message.created', conversation: this.before.id, version, message },
      { seq },
    );
  }
}

/**
 * Runs a change of a conversation that the acting person is in, then tells those who are in it.
 *
 * Throws `not_found` unless the person is a member. Whatever `act` throws undoes everything. The
 * result of `act` is returned once the change is durable and published.
 */
export async function changeConversation<T>(
  ctx: Context,
  conversation: string,
  act: (change: Change) => Promise<T>,
): Promise<{ readonly result: T; readonly version: number }> {
  const done = await ctx.db.sql.transaction().execute(async (trx) => {
    const before = await lockConversation(ctx, trx, conversation);
    const change = new Change(ctx, trx, before);
    const result = await act(change);
    await change.save();
    return { result, version: change.version, told: change.told };
  });
  if (done.told.length > 0) {
    ctx.bus.publish(conversationTopic(ctx.scope.tenant, conversation), done.told);
  }
  return { result: done.result, version: done.version };
}

async function lockConversation(
  ctx: Context,
  trx: Kysely<Tables>,
  conversation: string,
): Promise<LockedConversation & { readonly version: number }> {
  const locked = await trx
    .selectFrom('conversation')
    .select(['id', 'kind', 'name', 'history', 'last_seq', 'version', 'member_count'])
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('id', '=', conversation)
    .forNoKeyUpdate()
    .executeTakeFirst();
  // A statement of its own, after the lock: it sees what the lock waited for.
  const own = await trx
    .selectFrom('member')
    .select('role')
    .where('tenant_id', '=', ctx.scope.tenant)
    .where('conversation_id', '=', conversation)
    .where('user_id', '=', ctx.scope.user)
    .where('left_at', 'is', null)
    .executeTakeFirst();
  if (locked === undefined || own === undefined) throw new ParleyError('not_found');
  return {
    id: locked.id,
    kind: locked.kind,
    name: locked.name,
    history: locked.history,
    lastSeq: locked.last_seq,
    version: locked.version,
    memberCount: locked.member_count,
    role: own.role,
  };
}
