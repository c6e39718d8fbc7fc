import type {
  ConversationChanges,
  ConversationEvent,
  ConversationRow,
  Mark,
  Message,
  TenantRole,
  User,
} from '@parley/protocol';
import {
  type Folded,
  foldChanges,
  foldEvent,
  foldMark,
  foldMarks,
  foldRow,
} from '../conversation/fold.ts';
import { withUser } from '../conversation/members.ts';
import { ranked } from '../conversation/rights.ts';
import { type Timeline, withMessages, withoutBefore } from '../conversation/timeline.ts';
import { Profiles } from '../people/profiles.ts';
import { judge } from '../sync/version-rule.ts';
import { begun, begunAnew, type Known } from './known.ts';
import { held, Meanwhile, type Reading } from './meanwhile.ts';

interface ReplicaParts {
  /** A change is missing here. */
  gap(conversation: string): void;
  /** The row cannot be known without asking. */
  rowNeeded(conversation: string): void;
  /** The loaded messages do not join what came: read them anew. */
  pageNeeded(conversation: string): void;
  changed(conversation: string, row: ConversationRow | undefined): void;
  /** Nothing is being read any more. */
  calm(): void;
  /** A stored message of mine was seen. */
  ownMessage(conversation: string, id: string): void;
}

/**
 * What this client knows of the server's conversations: state read, and events folded into it.
 *
 * However answers and events are ordered, doubled or delayed, it ends where a fresh read would be.
 */
export class Replica {
  me = '';
  /** Counts the changes of whom I block: every group is to be read again after each. */
  view = 0;
  readonly meanwhile = new Meanwhile();
  #tenantRole: TenantRole = 'member';
  readonly #parts: ReplicaParts;
  readonly #known = new Map<string, Known>();
  readonly #gone = new Set<string>();
  readonly #profiles = new Profiles();

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
  }

  get(id: string): Known | undefined {
    return this.#known.get(id);
  }

  isGone(id: string): boolean {
    return this.#gone.has(id);
  }

  rows(): ConversationRow[] {
    return Array.from(this.#known.values(), ({ row }) => row);
  }

  ids(): string[] {
    return [...this.#known.keys()];
  }

  /** Whether it shows a group as it was before whom I block changed. */
  isStale(id: string): boolean {
    const known = this.#known.get(id);
    return known !== undefined && known.row.kind === 'group' && known.view < this.view;
  }

  /** Hello has told who I am. As somebody else in the tenant I have other rights everywhere. */
  become(me: string, role: TenantRole): void {
    const isOther = role !== this.#tenantRole;
    this.me = me;
    this.#tenantRole = role;
    if (isOther) for (const id of this.ids()) this.#parts.rowNeeded(id);
  }

  /** Call before something is read, and `end` after what was read is in. */
  begin(): Reading {
    return this.meanwhile.begin(this.view);
  }

  end(reading: Reading): void {
    if (!this.meanwhile.end(reading, (id) => this.#known.get(id)?.row)) return;
    for (const id of this.meanwhile.unknown()) this.#parts.rowNeeded(id);
    this.#parts.calm();
  }

  /** A durable change was told. */
  change(event: ConversationEvent): void {
    const known = this.#known.get(event.conversation);
    if (known === undefined) {
      this.meanwhile.hold(event);
      // What is being read may hold it; `end` asks for what is still missing then.
      if (!this.meanwhile.isReading) this.#parts.rowNeeded(event.conversation);
      return;
    }
    const verdict = known.outdated ? 'gap' : judge(known.row.version, event);
    if (verdict === 'ignore') return;
    if (verdict === 'apply') this.#apply(known, event);
    else known.held = held(known.held, event);
    this.#settle(known);
  }

  /** Somebody has read or received up to there. */
  mark(id: string, user: string, mark: Partial<Mark>): void {
    const known = this.#known.get(id);
    const isMember = known !== undefined && Object.hasOwn(known.row.marks, user);
    if (this.meanwhile.isReading || (known !== undefined && !isMember)) {
      this.meanwhile.mark(id, user, mark);
    }
    if (!isMember) return;
    this.#set(known, foldMark(known.row, user, mark, this.me, known.timeline?.messages ?? []));
  }

  /** People were told of; whose name or picture is newer than known has it everywhere. */
  people(users: readonly User[]): void {
    for (const user of users) {
      if (!this.#profiles.take(user)) continue;
      for (const known of this.#known.values()) this.#setRow(known, withUser(known.row, user));
    }
  }

  /** I was added, or made it: the row as of then. */
  added(row: ConversationRow): void {
    this.meanwhile.added(row.id);
    this.adopt(row);
  }

  /** I am no longer in it. */
  removed(id: string): void {
    this.meanwhile.removed(id);
    this.#known.delete(id);
    this.#gone.add(id);
    this.#parts.changed(id, undefined);
  }

  /** Everything known is of a history that the server has given up. */
  outdate(): void {
    for (const known of this.#known.values()) known.outdated = true;
    this.meanwhile.forgetMarks();
  }

  /**
   * A row was read. Returns false when it was no use: older than what is known, or so much newer
   * that messages in between would be missing, which `sync` brings.
   */
  adopt(row: ConversationRow, reading?: Reading): boolean {
    const known = this.#known.get(row.id);
    const view = reading?.view ?? this.view;
    if (known === undefined || known.outdated) {
      if (known !== undefined || !reading?.removed.has(row.id)) this.#start(row, known, view);
      return true;
    }
    if (row.kind === 'group' && view < known.view) {
      this.#set(known, foldMarks(known.row, row.marks, this.me));
      return false;
    }
    if (row.version > known.row.version && known.timeline !== null) {
      this.#set(known, foldMarks(known.row, row.marks, this.me));
      known.heard = Math.max(known.heard, row.version);
      this.#parts.gap(row.id);
      return false;
    }
    const isOlder = row.version < known.row.version;
    if (!isOlder && known.timeline === null) known.view = view;
    this.#set(known, this.#withNews(foldRow(known.row, row, this.me)));
    this.#settle(known);
    return !isOlder;
  }

  /** The answer of `sync` for one conversation, complete. */
  synced(changes: ConversationChanges, reading: Reading): void {
    const known = this.#known.get(changes.id);
    if (known === undefined) return;
    if (changes.reset) {
      this.#reset(known, changes, reading.view);
      return;
    }
    if (known.outdated) return;
    const folded = this.#withNews(foldChanges(known.row, changes, this.me));
    this.#lay(known, changes.messages);
    if (known.timeline !== null) {
      known.timeline = withoutBefore(known.timeline, changes.first_seq);
    }
    this.#set(known, folded, true);
    this.#settle(known);
  }

  /** Puts another timeline in place; null: it does not fit, and is read anew. */
  setTimeline(known: Known, timeline: Timeline | null): void {
    const { id } = known.row;
    if (this.#known.get(id) !== known) return;
    known.timeline = timeline;
    this.#parts.changed(id, known.row);
    if (timeline === null) this.#parts.pageNeeded(id);
    else this.#tellOwn(id, timeline.messages);
  }

  /** Nobody looks at it any more. */
  dropTimeline(id: string): void {
    const known = this.#known.get(id);
    if (known !== undefined) known.timeline = null;
  }

  #start(row: ConversationRow, before: Known | undefined, view: number): void {
    const { id } = row;
    const known = begun(row, view, before?.held ?? this.meanwhile.release(id));
    this.#gone.delete(id);
    this.#known.set(id, known);
    this.#set(known, this.#withNews({ row, incomplete: false }), true);
    this.#settle(known);
    if (before !== undefined && before.timeline !== null) this.#parts.pageNeeded(id);
    if (this.isStale(id)) this.#parts.gap(id);
  }

  #reset(before: Known, changes: ConversationChanges, view: number): void {
    const folded = this.#withNews(foldChanges(before.row, changes, this.me));
    const known = begunAnew(before, folded.row, changes, view);
    this.#known.set(changes.id, known);
    this.#tellOwn(changes.id, changes.messages);
    this.#set(known, folded, true);
    this.#settle(known);
    if (known.heard > known.row.version || this.isStale(changes.id)) this.#parts.gap(changes.id);
  }

  #apply(known: Known, event: ConversationEvent): void {
    const { row, timeline } = known;
    const folded = foldEvent(row, event, this.me, timeline?.messages ?? []);
    if ('message' in event) this.#lay(known, [event.message]);
    const hasJoined = event.event === 'member.updated' && event.member.left_at === null;
    this.#set(known, hasJoined ? this.#withNews(folded) : folded, true);
  }

  #lay(known: Known, messages: readonly Message[]): void {
    this.#tellOwn(known.row.id, messages);
    if (known.timeline === null) return;
    known.timeline = withMessages(known.timeline, messages);
    if (known.timeline === null) this.#parts.pageNeeded(known.row.id);
  }

  #tellOwn(id: string, messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.sender === this.me) this.#parts.ownMessage(id, message.id);
    }
  }

  /** Applies what was held and fits now; asks for what is still missing. */
  #settle(known: Known): void {
    if (known.outdated || known.held.length === 0) return;
    const changes = known.held.toSorted((a, b) => a.version - b.version);
    known.held = changes.filter((event) => {
      const verdict = judge(known.row.version, event);
      if (verdict === 'apply') this.#apply(known, event);
      return verdict === 'gap';
    });
    if (known.held.length > 0) this.#parts.gap(known.row.id);
  }

  /** With what was told while this was being read, and newer names than it brings. */
  #withNews({ row, incomplete }: Folded): Folded {
    this.people(row.members);
    const named = this.#profiles.over(row);
    const marked = foldMarks(named, this.meanwhile.marks(row.id), this.me);
    return { row: marked.row, incomplete: incomplete || marked.incomplete };
  }

  #set(known: Known, { row: folded, incomplete }: Folded, changed = false): void {
    const my_role = ranked(folded.kind, folded.my_role, this.#tenantRole);
    const row = my_role === folded.my_role ? folded : { ...folded, my_role };
    const isNew = row !== known.row;
    known.row = row;
    if (isNew || changed) this.#parts.changed(row.id, row);
    if (incomplete) this.#parts.rowNeeded(row.id);
  }

  #setRow(known: Known, row: ConversationRow): void {
    this.#set(known, { row, incomplete: false });
  }
}
