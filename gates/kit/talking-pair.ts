import { newId } from '@parley/protocol';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import { RawWebSocket } from './raw-web-socket.ts';

/** What became of a pair's messages. */
export interface PairReport {
  readonly sent: number;
  /** Sent and never acknowledged, or never delivered. */
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** Refusals and anything else that a pair should never hear. */
  readonly faults: readonly string[];
  /** From the time a message was due to its event at the other end, in milliseconds. */
  readonly samples: readonly number[];
  readonly delays: Percentiles;
}

interface Sent {
  readonly due: number;
  arrived?: number;
  acked: boolean;
}

/** What a pair needs to talk; plain data, for another process. */
export interface PairPlan {
  readonly port: number;
  /** The address they come from; the machine's usual loopback address otherwise. */
  readonly from?: string;
  readonly conversation: string;
  readonly writer: string;
  readonly reader: string;
  readonly everyMs: number;
}

/** What is still on its way at the end gets this long. */
const settleMs = 10_000;

/**
 * Two people of a tenant, one writing to the other all the time.
 *
 * Messages are due at fixed times, whether the ones before have arrived or not: a server that stops
 * for a second is seen as a second for everything that was due in it.
 */
export class TalkingPair {
  readonly #writer: RawWebSocket;
  readonly #reader: RawWebSocket;
  readonly #conversation: string;
  readonly #everyMs: number;
  readonly #messages = new Map<string, Sent>();
  readonly #byRequest = new Map<number, string>();
  #faults: string[] = [];
  #lastSeq = 0;
  #doubled = 0;
  #outOfOrder = 0;
  #requests = 1;
  #timer: NodeJS.Timeout | undefined;
  #due = 0;

  /** Connects two people by their tokens and lets one write. */
  static async start(plan: PairPlan): Promise<TalkingPair> {
    const { port, writer, reader, conversation, everyMs } = plan;
    const from = plan.from === undefined ? {} : { from: plan.from };
    const open = async (token: string) => {
      const socket = await RawWebSocket.open(port, from);
      if (await socket.hello(token)) return socket;
      throw new Error(`hello of a pair was answered with ${socket.texts.join()}`);
    };
    const [forWriter, forReader] = [await open(writer), await open(reader)];
    return new TalkingPair(forWriter, forReader, conversation, everyMs);
  }

  private constructor(
    writer: RawWebSocket,
    reader: RawWebSocket,
    conversation: string,
    everyMs: number,
  ) {
    this.#writer = writer;
    this.#reader = reader;
    this.#conversation = conversation;
    this.#everyMs = everyMs;
    writer.onText = (text) => this.#hearReply(JSON.parse(text));
    reader.onText = (text) => this.#hearEvent(JSON.parse(text));
    // Their hellos are not theirs to count.
    writer.frames.length = 0;
    reader.frames.length = 0;
    this.resume();
  }

  /** Goes on after a pause. */
  resume(): void {
    this.#due = performance.now() + this.#everyMs * Math.random();
    this.#wait();
  }

  /** Stops writing, waits for what is on its way, and tells how it went since the last pause. */
  async pause(): Promise<PairReport> {
    clearTimeout(this.#timer);
    const messages = this.#messages;
    const settled = () => [...messages.values()].every((one) => one.acked && one.arrived);
    await this.#reader.until(settled, settleMs);
    await this.#writer.until(settled, settleMs / 10);
    for (const [who, socket] of [
      ['writer', this.#writer],
      ['reader', this.#reader],
    ] as const) {
      if (socket.line.over) this.#faults.push(`the ${who} was closed with ${socket.closeCode}`);
      for (const fault of socket.faults) this.#faults.push(`frames to the ${who}: ${fault}`);
    }
    const all = [...messages.values()];
    const report = reportOf({
      sent: all.length,
      lost: all.filter((one) => !one.acked || one.arrived === undefined).length,
      doubled: this.#doubled,
      outOfOrder: this.#outOfOrder,
      faults: this.#faults,
      samples: all.flatMap(({ due, arrived }) => (arrived === undefined ? [] : [arrived - due])),
    });
    messages.clear();
    this.#byRequest.clear();
    this.#faults = [];
    [this.#doubled, this.#outOfOrder] = [0, 0];
    return report;
  }

  close(): void {
    this.#writer.line.destroy();
    this.#reader.line.destroy();
  }

  #wait(): void {
    this.#timer = setTimeout(
      () => {
        for (const now = performance.now(); this.#due <= now; this.#due += this.#everyMs) {
          this.#send(this.#due);
        }
        this.#wait();
      },
      Math.max(0, this.#due - performance.now()),
    );
  }

  #send(due: number): void {
    const id = newId();
    const request = ++this.#requests;
    this.#messages.set(id, { due, acked: false });
    this.#byRequest.set(request, id);
    this.#writer.send({
      id: request,
      type: 'message.send',
      conversation: this.#conversation,
      message: { id, body: `message ${request}` },
    });
  }

  #hearReply({ id, error }: { readonly id?: number; readonly error?: object }): void {
    if (error !== undefined) this.#faults.push(JSON.stringify(error));
    const sent = this.#messages.get(this.#byRequest.get(id ?? 0) ?? '');
    if (sent !== undefined && error === undefined) sent.acked = true;
  }

  #hearEvent(told: {
    readonly event?: string;
    readonly message?: { readonly id: string; readonly seq: number };
  }): void {
    if (told.event !== 'message.created' || told.message === undefined) return;
    const { id, seq } = told.message;
    const sent = this.#messages.get(id);
    if (sent === undefined) {
      this.#faults.push(`the event of a message that nobody sent: ${id}`);
      return;
    }
    if (sent.arrived !== undefined) this.#doubled++;
    else sent.arrived = performance.now();
    if (seq !== this.#lastSeq + 1) this.#outOfOrder++;
    this.#lastSeq = seq;
  }
}

/** Several pairs' reports as one. */
export function sumOf(reports: readonly PairReport[]): PairReport {
  const sum = (of: (report: PairReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  return reportOf({
    sent: sum(({ sent }) => sent),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    faults: reports.flatMap(({ faults }) => faults),
    samples: reports.flatMap(({ samples }) => samples),
  });
}

const faultsTold = 10;

function reportOf(report: Omit<PairReport, 'delays'>): PairReport {
  const faults = report.faults.slice(0, faultsTold);
  return { ...report, faults, delays: percentilesOf(report.samples) };
}
