import type {
  Act,
  ConversationHandle,
  ConversationSnapshot,
  TimelineMessage,
} from '@parley/client';
import type { Conversation, ConversationRow, Mark, MemberRole, Message } from '@parley/protocol';
import { newId, parseBody } from '@parley/protocol';
import { member } from './fake-people.ts';
import { FakeStore } from './fake-store.ts';

/** What the preview lets go wrong, or slow. */
export interface FakeTrouble {
  slowMs: number;
  older: boolean;
  send: 'works' | 'waits' | 'fails';
  status: 'works' | 'loading' | 'failed';
  /** Whom the person blocks. */
  blocked: readonly string[];
  guest: boolean;
}

const pageSize = 50;

interface FakeConversationInput {
  readonly row: Omit<Conversation, 'version' | 'last_seq' | 'first_seq'>;
  readonly history: readonly Message[];
  readonly marks: Readonly<Record<string, Mark>>;
  readonly typing?: readonly string[];
}

/** One conversation of the preview: everything in memory, everything at hand. */
export class FakeConversation implements ConversationHandle {
  readonly id: string;
  readonly #me: string;
  readonly #row: FakeConversationInput['row'];
  readonly #trouble: FakeTrouble;
  readonly #onChange: () => void;
  readonly #store: FakeStore<ConversationSnapshot>;
  #all: readonly Message[];

  constructor(
    me: string,
    input: FakeConversationInput,
    trouble: FakeTrouble,
    onChange: () => void,
  ) {
    const { row, history, marks, typing = [] } = input;
    this.id = row.id;
    this.#me = me;
    this.#row = row;
    this.#all = history;
    this.#trouble = trouble;
    this.#onChange = onChange;
    this.#store = new FakeStore<ConversationSnapshot>({
      status: 'loading',
      id: row.id,
      kind: row.kind,
      name: row.name,
      memberCount: row.member_count,
      members: row.members,
      messages: [],
      hasOlder: false,
      loadingOlder: false,
      unread: 0,
      marks,
      typing,
      myRole: row.members.find(({ id }) => id === me)?.role ?? null,
      slowedUntil: null,
    });
    this.#store.change({ unread: this.#unread(marks[me]?.read ?? 0) });
  }

  getSnapshot = () => this.#store.getSnapshot();
  subscribe = (listener: () => void) => this.#store.subscribe(listener);

  open(): () => void {
    const { status } = this.#trouble;
    if (status === 'loading') return () => {};
    const messages = this.#all.slice(-pageSize).map((one) => this.#seen(one));
    this.#change(
      status === 'failed'
        ? { status: 'failed' }
        : { status: 'ready', messages, hasOlder: messages.length < this.#all.length },
    );
    return () => {};
  }

  async loadOlder(): Promise<void> {
    if (this.getSnapshot().loadingOlder) return;
    this.#change({ loadingOlder: true });
    await new Promise((done) => setTimeout(done, this.#trouble.slowMs));
    const { messages } = this.getSnapshot();
    if (this.#trouble.older) {
      this.#change({ loadingOlder: false });
      throw new Error('The preview was told to fail.');
    }
    const first = messages.find((message) => message.state === 'stored');
    const at = this.#all.findIndex((message) => message.id === first?.id);
    const from = Math.max(0, at - pageSize);
    this.#change({
      loadingOlder: false,
      hasOlder: from > 0,
      messages: [...this.#all.slice(from, at).map((one) => this.#seen(one)), ...messages],
    });
  }

  send(body: string): string {
    const id = newId();
    const pending = {
      id,
      sender: this.#me,
      body: parseBody(body),
      created_at: new Date().toISOString(),
    };
    this.#change({ messages: [...this.getSnapshot().messages, { ...pending, state: 'queued' }] });
    if (this.#trouble.send === 'works') setTimeout(() => this.#acknowledge(id), 300);
    if (this.#trouble.send === 'fails') setTimeout(() => this.#fail(id), 50);
    return id;
  }

  retry(id: string): void {
    this.#replace(id, ({ body, created_at }) => ({
      id,
      sender: this.#me,
      body,
      created_at,
      state: 'queued',
    }));
    setTimeout(() => this.#acknowledge(id), 300);
  }

  discard(id: string): void {
    this.#change({ messages: this.getSnapshot().messages.filter((message) => message.id !== id) });
  }

  markRead(seq: number): void {
    const { marks } = this.getSnapshot();
    const mine = marks[this.#me] ?? { read: 0, delivered: 0 };
    if (seq <= mine.read) return;
    this.#change({
      marks: { ...marks, [this.#me]: { ...mine, read: seq } },
      unread: this.#unread(seq),
    });
  }

  setTyping(): void {}

  async rename(name: string): Promise<void> {
    this.#change({ name });
  }

  async addMembers(users: readonly string[]): Promise<void> {
    const members = [...this.getSnapshot().members, ...users.map((id) => member(id))];
    this.#change({ members, memberCount: members.length });
  }

  async removeMember(user: string): Promise<void> {
    const members = this.getSnapshot().members.filter(({ id }) => id !== user);
    this.#change({ members, memberCount: members.length });
  }

  async setRole(user: string, role: MemberRole): Promise<void> {
    const members = this.getSnapshot().members.map((one) =>
      one.id === user ? { ...one, role } : one,
    );
    this.#change({ members });
    const act = { type: 'role_changed', user, role } as const;
    const now = { seq: this.#all.length + 1, created_at: new Date().toISOString() };
    const version = now.seq;
    this.#hold({ id: newId(), version, sender: this.#me, kind: 'system', body: '', act, ...now });
  }

  can(act: Act, user?: string): boolean {
    if (this.#row.kind === 'direct') return false;
    if (act === 'leave') return true;
    const { members } = this.getSnapshot();
    const roleOf = (id: string) => members.find((one) => one.id === id)?.role ?? 'member';
    const mine = roleOf(this.#me);
    if (this.#trouble.guest || mine === 'member') return false;
    if (act === 'promote') return mine === 'owner';
    return act !== 'remove' || user === undefined || mine === 'owner' || roleOf(user) === 'member';
  }

  async leave(): Promise<void> {
    this.#change({ status: 'gone' });
  }

  /** Somebody else writes. */
  hear(sender: string, body: string): void {
    const seq = this.#all.length + 1;
    const created_at = new Date().toISOString();
    this.#hold({ id: newId(), seq, version: seq, sender, kind: 'text', body, created_at });
  }

  /** Whom I block has changed. */
  refresh(): void {
    const count = this.getSnapshot().messages.length;
    const messages = count === 0 ? [] : this.#all.slice(-count).map((one) => this.#seen(one));
    const unread = this.#unread(this.getSnapshot().marks[this.#me]?.read ?? 0);
    this.#change({ messages, unread });
  }

  slow(until: number | null): void {
    this.#change({ slowedUntil: until });
  }

  typing(people: readonly string[]): void {
    this.#change({ typing: people });
  }

  mark(person: string, mark: Mark): void {
    this.#change({ marks: { ...this.getSnapshot().marks, [person]: mark } });
  }

  /** As the list shows it. */
  row(): ConversationRow {
    const { name, members, memberCount, marks, unread } = this.getSnapshot();
    const stored = this.#all.at(-1);
    const last = stored === undefined ? null : this.#seen(stored);
    return {
      ...this.#row,
      my_role: this.getSnapshot().myRole ?? 'member',
      name,
      members,
      member_count: memberCount,
      marks,
      unread,
      version: this.#all.length,
      last_seq: this.#all.length,
      first_seq: 1,
      last_message: last,
      last_activity_at: last?.created_at ?? this.#row.created_at,
    };
  }

  #unread(read: number): number {
    return this.#all.filter(
      (m) => m.seq > read && m.sender !== this.#me && this.#seen(m).kind === 'text',
    ).length;
  }

  #seen(message: Message): TimelineMessage & Message {
    const { id, seq, version, created_at, sender, kind } = message;
    const blocked = sender !== null && this.#trouble.blocked.includes(sender);
    if (!blocked || kind !== 'text' || this.#row.kind === 'direct') return stored(message);
    return stored({ id, seq, version, created_at, sender: null, kind: 'hidden', body: '' });
  }

  #acknowledge(id: string): void {
    const pending = this.getSnapshot().messages.find((message) => message.id === id);
    if (!pending) return;
    const seq = this.#all.length + 1;
    const { sender, body, created_at } = pending;
    this.#replace(id, () => ({
      ...{ id, seq, version: seq, sender, kind: 'text', body, created_at },
      state: 'stored',
    }));
    const { messages } = this.getSnapshot();
    const now = messages.find((message) => message.id === id);
    if (now?.state === 'stored') this.#all = [...this.#all, now];
    this.#onChange();
  }

  #fail(id: string): void {
    this.#replace(id, ({ body, created_at }) => ({
      id,
      sender: this.#me,
      body,
      created_at,
      state: 'failed',
      error: { code: 'not_allowed', message: '', retryable: false },
    }));
  }

  #hold(message: Message): void {
    this.#all = [...this.#all, message];
    const { messages, marks } = this.getSnapshot();
    const pending = messages.filter((one) => one.state !== 'stored');
    const done = messages.filter((one) => one.state === 'stored');
    this.#change({
      messages: [...done, this.#seen(message), ...pending],
      unread: this.#unread(marks[this.#me]?.read ?? 0),
    });
  }

  #replace(id: string, make: (message: TimelineMessage) => TimelineMessage): void {
    const messages = this.getSnapshot().messages.map((m) => (m.id === id ? make(m) : m));
    this.#change({ messages });
  }

  #change(part: Partial<ConversationSnapshot>): void {
    this.#store.change(part);
    this.#onChange();
  }
}

function stored(message: Message): TimelineMessage & Message {
  return { ...message, state: 'stored' };
}
