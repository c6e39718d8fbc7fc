import type { ConversationChanges, Message, ServerEvent, SyncResult } from '@parley/protocol';
import { Line } from './line.ts';
import { pause, pickFrom, type Talk } from './talk.ts';

interface RawReaderOptions {
  readonly reader: string;
  /** After so many messages it marks them as read. */
  readonly markEvery?: number;
  readonly user: string;
  readonly conversations: readonly string[];
}

interface Known {
  version: number;
  lastSeq: number;
  /** Too early to be told. */
  held: Extract<ServerEvent, { readonly version: number }>[];
}

const syncMs = 8_000;

/**
 * Reads on the bare socket by the contract's rules, in the plainest way, without the SDK.
 *
 * Live events by the version rule; after each cut and at each gap `sync` from what it has.
 */
export class RawReader {
  readonly #talk: Talk;
  readonly #options: RawReaderOptions;
  readonly #known = new Map<string, Known>();
  readonly #marks = new Map<string, number>();
  #line: Line | undefined;
  #me = 0;
  #stopped = false;
  /** What comes while `sync` is under way waits for its answer. */
  #syncing = true;
  #again = false;
  readonly #running: Promise<void>;

  constructor(talk: Talk, options: RawReaderOptions) {
    this.#talk = talk;
    this.#options = options;
    const { reader, user } = options;
    for (const conversation of options.conversations) {
      talk.history.record({ type: 'enter', reader, user, conversation, after: 0 });
      this.#known.set(conversation, { version: 0, lastSeq: 0, held: [] });
    }
    this.#running = this.#run();
  }

  /** The last message it has seen there. */
  last(conversation: string): number {
    return this.#known.get(conversation)?.lastSeq ?? 0;
  }

  cut(): void {
    this.#line?.cut();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#line?.cut();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { sockets, tenant, random } = this.#talk;
    while (!this.#stopped) {
      this.#syncing = true;
      for (const known of this.#known.values()) known.held = [];
      try {
        const line = await Line.open({
          url: pickFrom(sockets, random),
          token: tenant.token(this.#options.user),
          onEvent: (event) => this.#hear(event),
        });
        this.#line = line;
        // Told to stop while it was opening: nobody would cut this one.
        if (this.#stopped) line.cut();
        await this.#catchUp(line);
        await line.closed;
      } catch {
        await pause(30 + random() * 100);
      }
    }
  }

  async #catchUp(line: Line): Promise<void> {
    this.#syncing = true;
    do {
      this.#again = false;
      let more = true;
      while (more && line.open && !this.#stopped) more = await this.#sync(line);
      // What was heard on a line that is gone is read anew by the next.
      if (!line.open) return;
      for (const [conversation, known] of this.#known) this.#tellHeld(conversation, known);
    } while (this.#again && line.open && !this.#stopped);
    this.#syncing = false;
  }

  async #sync(line: Line): Promise<boolean> {
    const known = Object.fromEntries(
      [...this.#known].map(([id, { version, lastSeq }]) => [id, { version, last_seq: lastSeq }]),
    );
    const answer = await line.ask('sync', { me: this.#me, known }, syncMs);
    if (answer.type !== 'result') {
      line.cut();
      return false;
    }
    // The server under test is what vouches for the shape.
    const result = answer.result as SyncResult;
    this.#me = result.me;
    let more = result.more;
    for (const changes of result.conversations) {
      await this.#apply(line, changes);
      more ||= changes.has_more;
    }
    return more;
  }

  async #apply(line: Line, changes: ConversationChanges): Promise<void> {
    const known = this.#known.get(changes.id);
    if (known === undefined) return;
    const messages = changes.reset ? await this.#readPast(line, known, changes) : changes.messages;
    if (messages === undefined) return;
    this.#show(changes.id, known, messages);
    if (changes.has_more) known.version = Math.max(known.version, messages.at(-1)?.version ?? 0);
    else known.version = Math.max(known.version, changes.version);
  }

  /** Told to begin anew, it reads what lies between by pages, so that it has seen everything. */
  async #readPast(
    line: Line,
    known: Known,
    changes: ConversationChanges,
  ): Promise<readonly Message[] | undefined> {
    const messages: Message[] = [];
    for (let after = known.lastSeq; after < changes.last_seq; ) {
      const input = { conversation: changes.id, after, limit: 50 };
      const answer = await line.ask('message.list', input);
      if (answer.type !== 'result') {
        // Without the past it has no version to go on from: it begins anew, as after a refused sync.
        line.cut();
        return undefined;
      }
      const page = answer.result as { readonly messages: readonly Message[] };
      const last = page.messages.at(-1);
      if (last === undefined || last.seq <= after) return messages;
      // What came later than the answer to `sync` comes again by events.
      messages.push(...page.messages.filter(({ seq }) => seq <= changes.last_seq));
      after = last.seq;
    }
    return messages;
  }

  #show(conversation: string, known: Known, messages: readonly Message[]): void {
    const { history } = this.#talk;
    const { reader } = this.#options;
    for (const { seq, id, version } of messages) {
      // Changed since it was shown.
      if (seq <= known.lastSeq) continue;
      history.record({ type: 'seen', reader, conversation, seq, id, version });
      known.lastSeq = seq;
      const { markEvery } = this.#options;
      if (markEvery !== undefined && seq % markEvery === 0) void this.#mark(conversation, seq);
    }
  }

  async #mark(conversation: string, seq: number): Promise<void> {
    const answer = await this.#line?.ask('read', { conversation, seq });
    if (answer?.type !== 'result') return;
    const { user } = this.#options;
    this.#talk.history.record({ type: 'marked', conversation, user, kind: 'read', seq });
  }

  #hear(event: ServerEvent): void {
    if ('version' in event) this.#take(event);
    else if (event.event === 'read' || event.event === 'delivered') this.#hearMark(event);
  }

  /** Marks have no version and may come out of order: the highest holds, as with every client. */
  #hearMark(told: Extract<ServerEvent, { readonly event: 'read' | 'delivered' }>): void {
    const { event: kind, conversation, user, seq } = told;
    const key = `${conversation} ${user} ${kind}`;
    if ((this.#marks.get(key) ?? -1) >= seq) return;
    this.#marks.set(key, seq);
    const { reader } = this.#options;
    this.#talk.history.record({ type: 'seen-mark', reader, conversation, user, kind, seq });
  }

  #take(event: Known['held'][number]): void {
    const known = this.#known.get(event.conversation);
    if (known === undefined) {
      this.#seeForeign(event);
      return;
    }
    if (this.#syncing) {
      known.held.push(event);
      return;
    }
    this.#tell(known, event);
  }

  #tell(known: Known, event: Known['held'][number]): void {
    const { version, prev = version - 1 } = event;
    if (version <= known.version) return;
    if (prev > known.version) {
      const { conversation } = event;
      const { reader } = this.#options;
      const have = known.version;
      this.#talk.history.record({ type: 'gap', reader, conversation, have, prev });
      this.#resync();
      return;
    }
    known.version = version;
    if ('message' in event) this.#show(event.conversation, known, [event.message]);
  }

  #tellHeld(conversation: string, known: Known): void {
    const { held } = known;
    known.held = [];
    held.sort((a, b) => a.version - b.version);
    for (const event of held) this.#tell(this.#known.get(conversation) ?? known, event);
  }

  #resync(): void {
    this.#again = true;
    const line = this.#line;
    if (this.#syncing || line === undefined) return;
    void this.#catchUp(line).catch(() => line.cut());
  }

  /** Of a conversation that is not its own: it records that, and the checker says what it is. */
  #seeForeign(event: Known['held'][number]): void {
    if (!('message' in event)) return;
    const { seq, id, version } = event.message;
    const { conversation } = event;
    const { reader } = this.#options;
    this.#talk.history.record({ type: 'seen', reader, conversation, seq, id, version });
  }
}
