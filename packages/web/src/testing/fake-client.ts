import type {
  BlockedSnapshot,
  Client,
  ConnectionState,
  ConversationHandle,
  ConversationListSnapshot,
  MeSnapshot,
  PresenceSnapshot,
} from '@parley/client';
import { type ConversationRow, newId, type User } from '@parley/protocol';
import { FakeConversation, type FakeTrouble } from './fake-conversation.ts';
import { demoPeople, member, user } from './fake-people.ts';
import { conversationsOf } from './fake-scenes.ts';
import { FakeStore } from './fake-store.ts';

/** The SDK's interface on an in-memory server that only the preview has. */
export class FakeClient implements Client {
  readonly connection = new FakeStore<ConnectionState>({ status: 'idle' });
  readonly me = new FakeStore<MeSnapshot>(null);
  readonly blocked = new FakeStore<BlockedSnapshot>([]);
  readonly trouble: FakeTrouble;
  readonly #list = new FakeStore<ConversationListSnapshot>({
    status: 'loading',
    conversations: [],
    hasMore: false,
    loadingMore: false,
  });
  readonly #presence = new FakeStore<PresenceSnapshot>({
    jonas: { online: true, last_seen_at: null },
    kenji: { online: true, last_seen_at: null },
    priya: { online: true, last_seen_at: null },
    amira: { online: false, last_seen_at: new Date(Date.now() - 50 * 60_000).toISOString() },
    tomas: { online: false, last_seen_at: new Date(Date.now() - 26 * 3_600_000).toISOString() },
    wolfgang: { online: false, last_seen_at: null },
  });
  readonly #conversations = new Map<string, FakeConversation>();
  readonly #person: string;
  readonly #scene: string;

  constructor(person: string, scene: string) {
    this.#person = person;
    this.#scene = scene;
    this.trouble = {
      slowMs: 120,
      older: false,
      send: 'works',
      status: scene === 'failed' ? 'failed' : 'works',
      blocked: [],
      guest: scene === 'guest',
    };
  }

  readonly conversations = {
    getSnapshot: () => this.#list.getSnapshot(),
    subscribe: (listener: () => void) => this.#list.subscribe(listener),
    loadMore: async () => {},
    reload: async () => this.#showList(),
  };

  readonly presence = {
    getSnapshot: () => this.#presence.getSnapshot(),
    subscribe: (listener: () => void) => this.#presence.subscribe(listener),
    watch: () => () => {},
  };

  connect(): void {
    const now = Date.now();
    this.connection.set({ status: 'connecting', attempt: 0, since: now });
    const role = this.#scene === 'guest' ? 'guest' : 'member';
    this.me.set({ ...user(this.#person), role, members_may: [] });
    if (this.#scene === 'loading') this.trouble.status = 'loading';
    else this.connection.set({ status: 'online', since: now });
    for (const input of this.#scene === 'empty' ? [] : conversationsOf(this.#person, now)) {
      this.#add(input);
    }
    if (this.#scene === 'failed') this.#list.change({ status: 'failed' });
    else if (this.#scene !== 'loading') this.#showList();
  }

  disconnect(): void {
    this.connection.set({ status: 'closed', reason: 'disconnected' });
  }

  async block(person: string): Promise<void> {
    this.#setBlocked([...this.trouble.blocked, person]);
  }

  async unblock(person: string): Promise<void> {
    this.#setBlocked(this.trouble.blocked.filter((id) => id !== person));
  }

  async listBlocked(): Promise<readonly User[]> {
    return this.trouble.blocked.map(user);
  }

  /** Access is taken away. */
  end(): void {
    this.connection.set({ status: 'closed', reason: 'ended' });
  }

  conversation(id: string): ConversationHandle {
    const found = this.#conversations.get(id);
    if (found) return found;
    const none = this.#make(id, 'direct', null, [this.#person]);
    const gone = { ...none.getSnapshot(), kind: null, status: 'gone' as const };
    return Object.assign(none, { getSnapshot: () => gone });
  }

  async createDirect(person: string): Promise<ConversationRow> {
    for (const row of this.#list.getSnapshot().conversations) {
      if (row.kind === 'direct' && row.members.some(({ id }) => id === person)) return row;
    }
    return this.#created('direct', null, [this.#person, person]);
  }

  async createGroup(options: {
    readonly name?: string;
    readonly members: readonly string[];
  }): Promise<ConversationRow> {
    return this.#created('group', options.name ?? null, [this.#person, ...options.members]);
  }

  async searchUsers(text: string): Promise<readonly User[]> {
    const wanted = text.toLowerCase();
    return demoPeople
      .filter(({ name }) => name.toLowerCase().includes(wanted))
      .map(({ id }) => user(id));
  }

  async getUsers(users: readonly string[]): Promise<readonly User[]> {
    return users.map(user);
  }

  #setBlocked(blocked: readonly string[]): void {
    this.trouble.blocked = blocked;
    this.blocked.set(blocked);
    const offline = { online: false, last_seen_at: null };
    this.#presence.change(Object.fromEntries(blocked.map((id) => [id, offline])));
    for (const conversation of this.#conversations.values()) conversation.refresh();
  }

  #created(kind: 'direct' | 'group', name: string | null, people: readonly string[]) {
    const made = this.#make(newId(), kind, name, people);
    this.#conversations.set(made.id, made);
    this.#showList();
    return made.row();
  }

  #make(id: string, kind: 'direct' | 'group', name: string | null, people: readonly string[]) {
    const created_at = new Date().toISOString();
    const members = people.map((one, index) => member(one, index === 0 ? 'owner' : 'member'));
    const row = { id, kind, name, created_at, created_by: this.#person, metadata: {}, members };
    return new FakeConversation(
      this.#person,
      { row: { ...row, member_count: people.length }, history: [], marks: {} },
      this.trouble,
      () => this.#showList(),
    );
  }

  #add(input: ReturnType<typeof conversationsOf>[number]): void {
    const conversation = new FakeConversation(this.#person, input, this.trouble, () =>
      this.#showList(),
    );
    this.#conversations.set(conversation.id, conversation);
  }

  #showList(): void {
    const rows = [...this.#conversations.values()].map((conversation) => conversation.row());
    rows.sort((a, b) => b.last_activity_at.localeCompare(a.last_activity_at));
    this.#list.change({ status: 'ready', conversations: rows });
  }
}
