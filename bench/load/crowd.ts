import { Histogram } from './histogram.ts';
import { Line } from './line.ts';
import { scan } from './scan.ts';
import { SendTemplate } from './send-template.ts';

/** A person the load plays, and the one conversation that person is in. */
export interface Person {
  readonly token: string;
  readonly conversation: string;
}

/** How one round goes. Every sender keeps `window` sends under way from the first moment on. */
export interface Plan {
  readonly warmUpMs: number;
  readonly measuredMs: number;
  readonly window: number;
  readonly senders: number;
}

/** What one round showed. Times are milliseconds; counts are of the measured part. */
export interface Measured {
  readonly seconds: number;
  readonly sends: number;
  readonly deliveries: number;
  /** From the send to the event at another member. */
  readonly receipt: { readonly p50: number; readonly p99: number };
  /** From the send to its acknowledgement. */
  readonly ack: { readonly p50: number; readonly p99: number };
  /** CPU time of the load itself. */
  readonly cpuSeconds: number;
  /** Acknowledged since the crowd came, in all rounds and outside the measured parts too. */
  readonly acked: number;
  /** Events that came after one with a higher seq, in the whole round. */
  readonly outOfOrder: number;
}

interface Member {
  /** The place among all members of the crowd. */
  readonly index: number;
  readonly line: Line;
  readonly template: SendTemplate;
  readonly room: Room;
  /** Of the events that came: how many, the highest seq, and the sum of all seqs. */
  events: number;
  lastSeq: number;
  seqSum: number;
}

interface Room {
  readonly members: Member[];
  acked: number;
}

const connectTogether = 50;
const endMs = 30_000;
/** More messages than are ever under way at once; a power of two. */
const remembered = 1 << 18;

/** Everybody who is connected to one server, and the bookkeeping of what they say and hear. */
export class Crowd {
  readonly #members: Member[];
  readonly #rooms: readonly Room[];
  readonly #sentAt = new Float64Array(remembered);
  readonly #sentBy = new Int32Array(remembered);
  #next = 0;
  #acked = 0;
  #heard = 0;
  #outOfOrder = 0;
  #sending = false;
  /** Where times go while a round is measured. */
  #times: { readonly receipt: Histogram; readonly ack: Histogram } | undefined;
  #progress: () => void = () => {};
  readonly #failure = Promise.withResolvers<never>();

  /** Connects everybody, some at a time. */
  static async connect(port: number, people: readonly Person[], bodyBytes: number): Promise<Crowd> {
    const rooms = new Map<string, Room>();
    const members: Member[] = [];
    for (let from = 0; from < people.length; from += connectTogether) {
      const opened = people.slice(from, from + connectTogether).map(async (person) => {
        const line = await Line.open(port, person.token);
        const { conversation } = person;
        const room = rooms.get(conversation) ?? { members: [], acked: 0 };
        rooms.set(conversation, room);
        const template = new SendTemplate(conversation, bodyOf(bodyBytes));
        const index = members.length;
        const member = { index, line, template, room, events: 0, lastSeq: 0, seqSum: 0 };
        room.members.push(member);
        members.push(member);
      });
      await Promise.all(opened);
    }
    return new Crowd(members, [...rooms.values()]);
  }

  private constructor(members: Member[], rooms: readonly Room[]) {
    this.#members = members;
    this.#rooms = rooms;
    // Between rounds nobody listens; the next one is told.
    this.#failure.promise.catch(() => {});
    for (const member of members) {
      member.line.listen(
        (_, bytes, start, end) => this.#take(member, bytes, start, end),
        (why) => this.#fail(why),
      );
    }
  }

  /**
   * Runs one round to its end: every send acknowledged, every event of it received.
   *
   * `onWindow` is told when the measured part begins and ends. Rejects when a send is refused, a
   * connection ends, or something is lost, doubled or sent to the wrong person.
   */
  async run(plan: Plan, onWindow: (edge: 'begin' | 'end') => void): Promise<Measured> {
    return Promise.race([this.#failure.promise, this.#round(plan, onWindow)]);
  }

  async #round(plan: Plan, onWindow: (edge: 'begin' | 'end') => void): Promise<Measured> {
    const outOfOrderBefore = this.#outOfOrder;
    this.#sending = true;
    for (const sender of this.#senders(plan.senders)) {
      for (let i = 0; i < plan.window; i++) this.#send(sender);
    }
    await passing(plan.warmUpMs);
    const times = { receipt: new Histogram(), ack: new Histogram() };
    const [began, ackedBefore, heardBefore] = [performance.now(), this.#acked, this.#heard];
    const cpuBefore = process.cpuUsage();
    this.#times = times;
    onWindow('begin');
    await passing(plan.measuredMs);
    const seconds = (performance.now() - began) / 1_000;
    const cpu = process.cpuUsage(cpuBefore);
    const [sends, deliveries] = [this.#acked - ackedBefore, this.#heard - heardBefore];
    this.#times = undefined;
    onWindow('end');
    this.#sending = false;
    await this.#allHeard();
    this.#check();
    return {
      seconds,
      sends,
      deliveries,
      receipt: quantiles(times.receipt),
      ack: quantiles(times.ack),
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      acked: this.#acked,
      outOfOrder: this.#outOfOrder - outOfOrderBefore,
    };
  }

  /** Spread over the conversations: the first of each, then the second of each, ... */
  #senders(count: number): Member[] {
    const size = this.#members.length / this.#rooms.length;
    const order: Member[] = [];
    for (let place = 0; place < size; place++) {
      for (const room of this.#rooms) {
        const member = room.members[place];
        if (member !== undefined) order.push(member);
      }
    }
    return order.slice(0, count);
  }

  #send(member: Member): void {
    const n = this.#next++;
    this.#sentAt[n % remembered] = performance.now();
    this.#sentBy[n % remembered] = member.index;
    member.line.write(member.template.frame(n));
  }

  #fail(why: string): void {
    this.#failure.reject(new Error(why));
  }

  #take(member: Member, bytes: Buffer, start: number, end: number): void {
    const heard = scan(bytes, start, end);
    switch (heard.type) {
      case 'ack':
        this.#acked++;
        member.room.acked++;
        this.#times?.ack.add(performance.now() - this.#time(heard.n));
        if (this.#sending) this.#send(member);
        break;
      case 'message':
        this.#heard++;
        this.#count(member, heard.seq);
        this.#checkSender(member, heard.n);
        // One's own message comes back too: that is a delivery, but no receipt by another.
        if (this.#times !== undefined && this.#sentBy[heard.n % remembered] !== member.index) {
          this.#times.receipt.add(performance.now() - this.#time(heard.n));
        }
        break;
      case 'other':
        this.#fail(`unexpected: ${bytes.toString('utf8', start, end)}`);
    }
    if (!this.#sending) this.#progress();
  }

  #time(n: number): number {
    return this.#sentAt[n % remembered] ?? 0;
  }

  #count(member: Member, seq: number): void {
    member.events++;
    member.seqSum += seq;
    if (seq < member.lastSeq) this.#outOfOrder++;
    else member.lastSeq = seq;
  }

  #checkSender(member: Member, n: number): void {
    const sender = this.#members[this.#sentBy[n % remembered] ?? -1];
    if (sender?.room !== member.room) this.#fail('an event reached a stranger');
  }

  /** Waits until nothing is under way: no send without its acknowledgement, no event missing. */
  async #allHeard(): Promise<void> {
    const isDone = () =>
      this.#acked === this.#next &&
      this.#rooms.every((room) => room.members.every((one) => one.events >= room.acked));
    const late = setTimeout(() => {
      this.#fail(`${this.#next - this.#acked} sends, or events of others, got lost`);
    }, endMs);
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#progress = resolve;
      });
    }
    this.#progress = () => {};
    clearTimeout(late);
  }

  /** Everybody got each message of the conversation once: seqs 1 to n, by count, maximum and sum. */
  #check(): void {
    for (const { members, acked } of this.#rooms) {
      for (const { events, lastSeq, seqSum } of members) {
        if (events !== acked || lastSeq !== acked || seqSum !== (acked * (acked + 1)) / 2) {
          throw new Error(`of ${acked} messages ${events} events came, the last ${lastSeq}`);
        }
      }
    }
  }
}

const words = 'We could ship the second half on Thursday, if the invoices are in by then. ';

function bodyOf(bytes: number): string {
  return words
    .repeat(Math.ceil(bytes / words.length))
    .slice(0, bytes - 1)
    .padEnd(bytes, '.');
}

function quantiles(times: Histogram): { p50: number; p99: number } {
  return { p50: times.quantile(0.5), p99: times.quantile(0.99) };
}

function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
