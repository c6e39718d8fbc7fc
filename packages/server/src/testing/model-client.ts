import type {
  CommandResult,
  ConversationChanges,
  ConversationRow,
  Mark,
  Member,
  Message,
} from '@parley/protocol';
import type { TestSocket } from './test-socket.ts';

interface Known {
  version: number;
  lastSeq: number;
  firstSeq: number;
  unread: number;
  name: string | null;
  memberCount: number;
  members: Map<string, Member>;
  marks: Readonly<Record<string, Mark>>;
  /** From here on every message is known; older pages are not loaded. */
  floor: number;
  messages: Map<number, Message>;
}

/** What a client knows, kept by the contract's rules in the plainest way: to compare with the truth. */
export class ModelClient {
  readonly #conversations = new Map<string, Known>();
  #epoch = '';
  #me = 0;
  #blockedVersion = 0;
  #at: string | undefined;

  /** Asks and applies until the server says that this is all, or `calls` are spent. */
  async sync(socket: TestSocket, calls = 1_000): Promise<void> {
    for (let i = 0; i < calls; i++) {
      const answer = await socket.ask('sync', {
        ...(this.#epoch === '' ? {} : { epoch: this.#epoch }),
        ...(this.#at === undefined ? {} : { at: this.#at }),
        me: this.#me,
        known: Object.fromEntries(
          [...this.#conversations].map(([id, one]) => [
            id,
            { version: one.version, last_seq: one.lastSeq },
          ]),
        ),
      });
      const more = this.#apply(answer);
      for (const row of answer.added) await this.#open(socket, row);
      if (!more) return;
    }
  }

  /** What is known, in a form that two of these can be compared in. */
  state(): unknown {
    return [...this.#conversations]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { floor: _, ...one }]) => ({
        ...one,
        id,
        members: [...one.members.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
        messages: [...one.messages.values()].sort((a, b) => a.seq - b.seq),
      }));
  }

  /** The message from which on everything of a conversation is known. */
  floor(conversation: string): number {
    return this.#conversations.get(conversation)?.floor ?? 0;
  }

  /** Everything as it is: list, members and history, page by page. */
  static async fresh(
    socket: TestSocket,
    from: (conversation: string) => number = () => 0,
  ): Promise<ModelClient> {
    const client = new ModelClient();
    let cursor: string | undefined;
    do {
      const page: CommandResult<'conversation.list'> = await socket.ask(
        'conversation.list',
        cursor === undefined ? {} : { cursor },
      );
      for (const row of page.conversations) {
        const known = toKnown(row);
        await loadAll(socket, row, known, from(row.id));
        client.#conversations.set(row.id, known);
      }
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    return client;
  }

  /** Loads the history of a conversation that is new to the client. */
  async #open(socket: TestSocket, row: ConversationRow): Promise<void> {
    // One that is known already came with its changes: they and the row are of one moment.
    if (this.#conversations.has(row.id)) return;
    const known = toKnown(row);
    await loadAll(socket, row, known, 0);
    known.floor = 0;
    this.#conversations.set(row.id, known);
  }

  #apply(answer: CommandResult<'sync'>): boolean {
    this.#epoch = answer.epoch;
    this.#me = answer.me;
    this.#at = answer.at;
    for (const id of answer.removed) this.#conversations.delete(id);
    let more = answer.more;
    for (const changes of answer.conversations) {
      const known = this.#conversations.get(changes.id);
      if (known === undefined) continue;
      applyChanges(known, changes);
      more ||= changes.has_more;
    }
    if (answer.blocked_version !== this.#blockedVersion) {
      this.#blockedVersion = answer.blocked_version;
      // What was read before shows or hides what it should not: it is asked for anew.
      for (const known of this.#conversations.values()) known.version = known.lastSeq = 0;
      more = true;
    }
    for (const user of answer.users) {
      for (const known of this.#conversations.values()) {
        const member = known.members.get(user.id);
        if (member !== undefined) known.members.set(user.id, { ...member, ...user });
      }
    }
    return more;
  }
}

function toKnown(row: ConversationRow): Known {
  return {
    version: row.version,
    lastSeq: row.last_seq,
    firstSeq: row.first_seq,
    unread: row.unread,
    name: row.name,
    memberCount: row.member_count,
    members: new Map(row.members.map((one) => [one.id, one])),
    marks: row.marks,
    floor: row.last_seq + 1,
    messages: new Map(),
  };
}

async function loadAll(
  socket: TestSocket,
  row: ConversationRow,
  known: Known,
  from: number,
): Promise<void> {
  let before = row.last_seq + 1;
  for (;;) {
    const page = await socket.ask('message.list', { conversation: row.id, before });
    for (const one of page.messages) if (one.seq >= from) known.messages.set(one.seq, one);
    const first = page.messages[0]?.seq ?? 0;
    if (!page.has_more || first <= from) return;
    before = first;
  }
}

function applyChanges(known: Known, changes: ConversationChanges): void {
  if (changes.reset) {
    known.messages.clear();
    known.members.clear();
    known.floor = changes.messages[0]?.seq ?? changes.last_seq + 1;
  }
  for (const message of changes.messages) {
    if (message.seq >= known.floor) known.messages.set(message.seq, message);
  }
  for (const member of changes.members) {
    if (member.left_at === null) known.members.set(member.id, member);
    else known.members.delete(member.id);
  }
  known.name = changes.conversation?.name ?? known.name;
  known.memberCount = changes.conversation?.member_count ?? known.memberCount;
  known.firstSeq = changes.first_seq;
  known.unread = changes.unread;
  known.marks = changes.marks;
  if (changes.reset) known.version = known.lastSeq = 0;
  const last = changes.messages.at(-1);
  if (!changes.has_more) {
    known.version = changes.version;
    known.lastSeq = changes.last_seq;
  } else if (last !== undefined) {
    known.version = last.version;
    known.lastSeq = Math.max(known.lastSeq, ...changes.messages.map((one) => one.seq));
  }
}
