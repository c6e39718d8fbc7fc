import {
  type CommandType,
  isUuid,
  type Mark,
  type Member,
  type MemberRole,
  ParleyError,
  parseBody,
} from '@parley/protocol';
import type { ConversationHandle } from '../api.ts';
import type { Replica } from '../conversations/replica.ts';
import type { Environment } from '../environment.ts';
import type { Requests } from '../line/requests.ts';
import type { Outgoing } from '../line/wire.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { ConversationSnapshot, MeSnapshot, Store, TimelineMessage } from '../snapshots.ts';
import { type Batch, View } from '../store.ts';
import { markOf } from './marks.ts';
import type { Pages } from './pages.ts';
import type { Receipts } from './receipts.ts';
import { type Act, may } from './rights.ts';
import { TypingSender } from './typing-sender.ts';
import type { TypingSigns } from './typing-signs.ts';

/** What a conversation's handle works with; all of it is shared by the handles of one client. */
export interface HandleParts {
  readonly env: Environment;
  readonly batch: Batch;
  readonly requests: Requests;
  readonly replica: Replica;
  readonly pages: Pages;
  readonly outbox: Outbox;
  readonly receipts: Receipts;
  readonly signs: TypingSigns;
  readonly me: Store<MeSnapshot>;
  /** The server's clock, as far as known. */
  serverNow(): number;
}

/** One conversation: its snapshot, and what one can do there. */
export class Handle implements ConversationHandle {
  readonly id: string;
  readonly view: View<ConversationSnapshot>;
  readonly typing: TypingSender;
  readonly getSnapshot: () => ConversationSnapshot;
  readonly subscribe: (listener: () => void) => () => void;
  readonly #parts: HandleParts;

  constructor(id: string, parts: HandleParts) {
    this.id = id;
    this.#parts = parts;
    this.view = new View(parts.batch, () => this.#snapshot());
    this.getSnapshot = this.view.getSnapshot;
    this.subscribe = this.view.subscribe;
    this.typing = new TypingSender(parts.env, (typing) =>
      parts.requests.line?.tell({ conversation: id, typing }),
    );
  }

  open(): () => void {
    return this.#parts.pages.open(this.id);
  }

  loadOlder(): Promise<void> {
    return this.#parts.pages.older(this.id);
  }

  send(text: string, options: { readonly replyTo?: string } = {}): string {
    const { outbox, replica, batch } = this.#parts;
    const { replyTo } = options;
    const body = parseBody(text, 'message.body');
    if (replyTo !== undefined && !isUuid(replyTo)) {
      throw new ParleyError('bad_request', { field: 'message.reply_to' });
    }
    this.typing.end();
    return batch.run(() =>
      outbox.send(this.id, {
        sender: replica.me,
        body,
        created_at: new Date(this.#parts.serverNow()).toISOString(),
        ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      }),
    );
  }

  retry(id: string): void {
    this.#parts.outbox.retry(this.id, id);
  }

  discard(id: string): void {
    this.#parts.outbox.discard(this.id, id);
  }

  markRead(seq: number): void {
    const { batch, replica, receipts } = this.#parts;
    const row = replica.get(this.id)?.row;
    if (row === undefined) return;
    const upTo = Math.min(Math.floor(seq), row.last_seq);
    // Also false for NaN.
    if (!(upTo > markOf(row.marks, replica.me).read)) return;
    // Noted first: what is counted meanwhile is known to be counted too early.
    receipts.read(this.id, upTo);
    const mark: Partial<Mark> = { read: upTo };
    batch.run(() => replica.mark(this.id, replica.me, mark));
  }

  setTyping(typing: boolean): void {
    if (typing) this.typing.key();
    else this.typing.end();
  }

  async rename(name: string): Promise<void> {
    await this.#ask('conversation.update', { conversation: this.id, name });
  }

  async addMembers(users: readonly string[]): Promise<void> {
    await this.#ask('member.add', { conversation: this.id, users });
  }

  async removeMember(user: string): Promise<void> {
    await this.#ask('member.remove', { conversation: this.id, user });
  }

  async setRole(user: string, role: MemberRole): Promise<void> {
    await this.#ask('member.update', { conversation: this.id, user, role });
  }

  async leave(): Promise<void> {
    await this.#ask('conversation.leave', { conversation: this.id });
  }

  can(act: Act, user?: string): boolean {
    const row = this.#parts.replica.get(this.id)?.row;
    const me = this.#parts.me.getSnapshot();
    return row !== undefined && me !== null && may(row, me, act, user);
  }

  async #ask<T extends CommandType>(type: T, input: Outgoing<T>): Promise<void> {
    await this.#parts.requests.ask(type, input);
  }

  #snapshot(): ConversationSnapshot {
    const { id } = this;
    const { replica, pages, outbox, signs } = this.#parts;
    const known = replica.get(id);
    const row = known?.row;
    const timeline = known?.timeline ?? null;
    const error = pages.error(id);
    const pending = outbox.pending(id);
    const stored: readonly TimelineMessage[] = timeline?.messages ?? noMessages;
    return {
      status: this.#status(),
      id,
      kind: row?.kind ?? null,
      name: row?.name ?? null,
      memberCount: row?.member_count ?? 0,
      members: row?.members ?? noMembers,
      messages: pending.length === 0 ? stored : [...stored, ...pending],
      hasOlder: timeline?.hasOlder ?? false,
      loadingOlder: pages.isLoadingOlder(id),
      unread: row?.unread ?? 0,
      marks: row?.marks ?? {},
      typing: signs.people(id),
      myRole: row?.my_role ?? null,
      slowedUntil: outbox.slowedUntil(id),
      ...(error === undefined ? {} : { error }),
    };
  }

  #status(): ConversationSnapshot['status'] {
    const { replica, pages } = this.#parts;
    if (replica.isGone(this.id)) return 'gone';
    if (pages.error(this.id) !== undefined) return 'failed';
    return replica.get(this.id)?.timeline?.ready ? 'ready' : 'loading';
  }
}

const noMessages: readonly TimelineMessage[] = [];
const noMembers: readonly Member[] = [];
