import { newId } from '@parley/protocol';
import { Line, type LineAnswer } from './line.ts';
import { pause, pickFrom, type Talk } from './talk.ts';

interface PublisherOptions {
  readonly user: string;
  /** Where it writes, in turn by chance. */
  readonly conversations: readonly string[];
  /** Between two messages, in ms, at the most. */
  readonly pauseMs?: number;
}

/** What is still unanswered after this long stays so, and the checker says so. */
const patienceMs = 60_000;
/** The same once it was told to stop, when all faults are over. */
const lastPatienceMs = 20_000;

/**
 * Writes without end, one message after the other, each under one id until it is answered for.
 *
 * On the bare socket: what a careful client of one's own would do, without the SDK.
 */
export class RawPublisher {
  readonly #talk: Talk;
  readonly #options: PublisherOptions;
  #line: Line | undefined;
  #written = 0;
  #stopped = false;
  #deadline = Number.POSITIVE_INFINITY;
  readonly #running: Promise<void>;

  constructor(talk: Talk, options: PublisherOptions) {
    this.#talk = talk;
    this.#options = options;
    this.#running = this.#run();
  }

  /** Answers for the message under way, then stops. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#deadline = performance.now() + lastPatienceMs;
    await this.#running;
    this.#line?.cut();
  }

  /** Cuts its line, as a network does. */
  cut(): void {
    this.#line?.cut();
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
    const { user } = this.#options;
    const nth = ++this.#written;
    const message = { id: newId(), body: `${user} ${nth}` };
    const deadline = performance.now() + patienceMs;
    while (performance.now() < Math.min(deadline, this.#deadline)) {
      const line = await this.#open();
      if (line === undefined) continue;
      const { history } = this.#talk;
      const op = history.nextOp();
      history.record({ type: 'invoke', op, user, conversation, nth, ...message });
      const answer = await line.ask('message.send', { conversation, message });
      recordAnswer(this.#talk, op, answer);
      if (answer.type === 'result') return;
      if (answer.type === 'error') {
        if (!answer.error.retryable) return;
        await pause(Math.min(answer.error.retry_after_ms ?? 50, 200));
      }
    }
  }

  async #open(): Promise<Line | undefined> {
    if (this.#line?.open === true) return this.#line;
    const { sockets, tenant, random } = this.#talk;
    const url = pickFrom(sockets, random);
    try {
      this.#line = await Line.open({ url, token: tenant.token(this.#options.user) });
    } catch {
      await pause(30 + random() * 100);
      return undefined;
    }
    return this.#line;
  }
}

/** Records what came of a send: only what is refused for good has failed. */
export function recordAnswer({ history }: Pick<Talk, 'history'>, op: number, answer: LineAnswer) {
  switch (answer.type) {
    case 'result':
      history.record({ type: 'ok', op, seq: seqOf(answer.result) });
      break;
    case 'error':
      if (answer.error.retryable) {
        history.record({ type: 'info', op, why: answer.error.code });
      } else history.record({ type: 'fail', op, code: answer.error.code });
      break;
    case 'unknown':
      history.record({ type: 'info', op, why: answer.why });
      break;
  }
}

function seqOf(result: unknown): number {
  const told = result as { readonly seq?: number } | null;
  return typeof told?.seq === 'number' ? told.seq : Number.NaN;
}
