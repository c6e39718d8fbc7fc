import type { Client } from '../../packages/client/src/index.ts';
import { pause, pickFrom, type Talk } from './talk.ts';

interface SdkPublisherOptions {
  readonly client: Client;
  readonly user: string;
  readonly conversations: readonly string[];
  readonly pauseMs?: number;
}

/** Of several faults in a row each may cost the SDK a dead line and a connection that never opens. */
const patienceMs = 120_000;

/** Writes without end by the SDK, as an application does: send, and watch what becomes of it. */
export class SdkPublisher {
  readonly #talk: Talk;
  readonly #options: SdkPublisherOptions;
  readonly #close: readonly (() => void)[];
  #written = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(talk: Talk, options: SdkPublisherOptions) {
    this.#talk = talk;
    this.#options = options;
    this.#close = options.conversations.map((id) => options.client.conversation(id).open());
    this.#running = this.#run();
  }

  /** Answers for the message under way, then stops. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    for (const close of this.#close) close();
  }

  async #run(): Promise<void> {
    const { random } = this.#talk;
    while (!this.#stopped) {
      await this.#publish(pickFrom(this.#options.conversations, random));
      const ms = this.#options.pauseMs ?? 0;
      if (ms > 0) await pause(random() * ms);
    }
  }

  async #publish(conversation: string): Promise<void> {
    const { client, user } = this.#options;
    const { history } = this.#talk;
    const nth = ++this.#written;
    const body = `${user} ${nth}`;
    const op = history.nextOp();
    const handle = client.conversation(conversation);
    const id = handle.send(body);
    history.record({ type: 'invoke', op, user, conversation, id, body, nth });
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(late);
        stop();
        resolve();
      };
      const late = setTimeout(() => {
        history.record({ type: 'info', op, why: 'the SDK did not tell' });
        done();
      }, patienceMs);
      const look = () => {
        const message = handle.getSnapshot().messages.findLast((one) => one.id === id);
        if (message?.state === 'stored') history.record({ type: 'ok', op, seq: message.seq });
        // It has left the outbox and did not fail: stored, before the page that is loaded now.
        else if (message === undefined) history.record({ type: 'ok', op });
        else if (message?.state === 'failed') {
          history.record({ type: 'fail', op, code: message.error.code });
          handle.discard(id);
        } else return;
        done();
      };
      const stop = handle.subscribe(look);
    });
  }
}
