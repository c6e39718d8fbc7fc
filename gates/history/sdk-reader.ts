import type { Client, ConversationSnapshot } from '../../packages/client/src/index.ts';
import type { History } from './history.ts';

interface SdkReaderOptions {
  readonly history: History;
  readonly client: Client;
  /** Names it in the history: one person may have several. */
  readonly reader: string;
  readonly user: string;
  readonly conversation: string;
  /** What it has seen already; 0 is nothing. */
  readonly after?: number;
}

type Stored = Extract<ConversationSnapshot['messages'][number], { readonly state: 'stored' }>;

/** Longer timelines are let go, so that a long run does not slow itself down. */
const keptMessages = 200;

/**
 * Records what an application sees of a conversation by the SDK: new messages in the store's order.
 *
 * Where the store goes on elsewhere, it says so by `hasOlder`; the reader pages back then, as an
 * application does that wants to show everything. What the store shows without a word is not excused.
 */
export class SdkReader {
  readonly #options: SdkReaderOptions;
  readonly #stopListening: () => void;
  #close: () => void;
  #last: number;
  #paging = false;
  #queued = false;
  #stopped = false;
  readonly #marks = new Map<string, number>();

  constructor(options: SdkReaderOptions) {
    this.#options = options;
    const { history, client, reader, user, conversation, after = 0 } = options;
    this.#last = after;
    history.record({ type: 'enter', reader, user, conversation, after });
    const handle = client.conversation(conversation);
    this.#close = handle.open();
    this.#stopListening = handle.subscribe(() => this.#look());
    this.#look();
  }

  /** The last message it has seen. */
  get last(): number {
    return this.#last;
  }

  /** Sees nothing more. */
  stop(): void {
    // Else a page that is refused offline would be asked for again and again, within one tick.
    this.#stopped = true;
    this.#stopListening();
    this.#close();
  }

  #look(): void {
    if (this.#queued || this.#stopped) return;
    this.#queued = true;
    // Several changes of one tick are one.
    queueMicrotask(() => {
      this.#queued = false;
      this.#read();
    });
  }

  #read(): void {
    const { client, conversation } = this.#options;
    const handle = client.conversation(conversation);
    const snapshot = handle.getSnapshot();
    this.#readMarks(snapshot);
    if (snapshot.status !== 'ready') return;
    const stored = snapshot.messages.filter(isStored);
    const first = stored[0]?.seq ?? this.#last + 1;
    if (first > this.#last + 1 && snapshot.hasOlder) {
      this.#pageBack();
      return;
    }
    // By place, not by number: what the store has in the wrong place must be seen there.
    const begin = Math.max(0, this.#last + 1 - first);
    for (const message of stored.slice(begin)) this.#see(message);
    if (stored.length > keptMessages && !this.#paging) this.#forget();
  }

  #see({ seq, id, version }: Stored): void {
    const { history, reader, conversation } = this.#options;
    history.record({ type: 'seen', reader, conversation, seq, id, version });
    this.#last = Math.max(this.#last, seq);
  }

  #pageBack(): void {
    if (this.#paging) return;
    this.#paging = true;
    const { client, conversation } = this.#options;
    client
      .conversation(conversation)
      .loadOlder()
      // A cut: the next change of the store brings us back here.
      .catch(() => {})
      .finally(() => {
        this.#paging = false;
        this.#look();
      });
  }

  /** Closing lets the store keep the newest page alone. */
  #forget(): void {
    const { client, conversation } = this.#options;
    this.#close();
    this.#close = client.conversation(conversation).open();
  }

  #readMarks({ marks }: ConversationSnapshot): void {
    const { history, reader, conversation, user: me } = this.#options;
    for (const [user, mark] of Object.entries(marks)) {
      // One's own is shown before the server has it.
      if (user === me) continue;
      for (const kind of ['read', 'delivered'] as const) {
        const key = `${user} ${kind}`;
        const seq = mark[kind];
        if (this.#marks.get(key) === seq) continue;
        this.#marks.set(key, seq);
        history.record({ type: 'seen-mark', reader, conversation, user, kind, seq });
      }
    }
  }
}

function isStored(message: ConversationSnapshot['messages'][number]): message is Stored {
  return message.state === 'stored';
}
