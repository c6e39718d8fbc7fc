import type { Logger } from 'pino';
import { inTime, isAnswer, Line, nameOf, type RedisLink, type ServerAddress } from './line.ts';
import { parseSlotRanges, slotOf } from './slots.ts';

interface ServersOptions {
  /** Of one server, or of several of one cluster; never empty. */
  readonly seeds: readonly [ServerAddress, ...ServerAddress[]];
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** Some server came or went, or a slot moved. */
  readonly onChange: () => void;
}

/** A cluster is asked this often who serves what, and at once when it said that something moved. */
const askEveryMs = 2_000;
const askMs = 1_000;
/** Between two questions there is at least this much time, however much seems to move. */
const restMs = 100;

/** Which servers there are, with a line for commands to each, and which of them serves a key. */
export class Servers {
  readonly #options: ServersOptions;
  readonly #lines = new Map<string, Line>();
  readonly #timer: NodeJS.Timeout;
  #cluster: boolean | undefined;
  #revision = 0;
  #bySlot: (Line | undefined)[] = [];
  #asking: Promise<void> | undefined;
  #closed = false;

  constructor(options: ServersOptions) {
    this.#options = options;
    this.#addSeeds();
    this.#timer = setInterval(() => {
      if (this.#cluster !== false) this.askSoon();
    }, askEveryMs);
    this.#timer.unref();
  }

  /** Nothing until a server has answered. */
  get isCluster(): boolean | undefined {
    return this.#cluster;
  }

  /** Grows when a key may be served elsewhere than before. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether every server is there and answers. */
  get reachable(): boolean {
    if (this.#cluster === undefined || this.#lines.size === 0) return false;
    for (const line of this.#lines.values()) if (!line.answers) return false;
    return true;
  }

  lines(): IterableIterator<Line> {
    return this.#lines.values();
  }

  /** The line to whoever serves this key or channel. */
  lineOf(key: string): Line | undefined {
    if (this.#cluster === undefined) return undefined;
    return this.#cluster ? this.#bySlot[slotOf(key)] : this.#lines.values().next().value;
  }

  /** The line to a server that an answer named as `host:port`. */
  lineTo(name: string): Line | undefined {
    return this.#lines.get(name);
  }

  /** Asks who serves what; settles when the answer is in force, or none came. */
  async ask(): Promise<void> {
    if (this.#closed) return;
    this.#asking ??= this.#askAny().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  /** Does not wait for the answer. */
  askSoon(): void {
    void this.ask();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#lines.values()].map((line) => line.close()));
    await this.#asking;
  }

  async #askAny(): Promise<void> {
    // Whoever is cut off from the others tells old news: not always the same one is asked.
    const lines = [...this.#lines.values()].filter((line) => line.link !== undefined);
    if (lines.length === 0) this.#addSeeds();
    const start = Math.floor(Math.random() * lines.length);
    for (const line of [...lines.slice(start), ...lines.slice(0, start)]) {
      if (line.link !== undefined && (await this.#askOne(line, line.link))) break;
    }
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }

  /** At first, and when nobody of those who served at last is there any more. */
  #addSeeds(): void {
    if (this.#cluster === false || this.#closed) return;
    for (const seed of this.#options.seeds) if (!this.#lines.has(nameOf(seed))) this.#addLine(seed);
  }

  async #askOne(line: Line, link: RedisLink): Promise<boolean> {
    try {
      const answer = await inTime(askMs, link.sendCommand(['CLUSTER', 'SLOTS']));
      const ranges = parseSlotRanges(answer, line.address.host);
      if (ranges.length === 0 || this.#closed) return false;
      await this.#takeCluster(ranges);
      return true;
    } catch (error) {
      // It answered: it is no cluster, or hides that it is one.
      if (!isAnswer(error)) return false;
      await this.#takeSingle();
      return true;
    }
  }

  async #takeSingle(): Promise<void> {
    if (this.#cluster !== undefined || this.#closed) return;
    this.#cluster = false;
    this.#revision++;
    const [first, ...others] = [...this.#lines.values()];
    if (others.length > 0 && first !== undefined) {
      // Each node must talk to the same server, or they would not hear each other.
      const redis = nameOf(first.address);
      this.#options.log.warn({ redis }, 'REDIS_URL names several servers that are no cluster');
    }
    for (const line of others) await this.#removeLine(line);
    this.#options.onChange();
  }

  async #takeCluster(ranges: ReturnType<typeof parseSlotRanges>): Promise<void> {
    this.#cluster = true;
    const bySlot: (Line | undefined)[] = [];
    const serving = new Set<Line>();
    for (const { from, to, host, port } of ranges) {
      const line =
        this.#lines.get(nameOf({ host, port })) ??
        this.#addLine({ ...this.#options.seeds[0], host, port });
      serving.add(line);
      for (let slot = from; slot <= to; slot++) bySlot[slot] = line;
    }
    const moved = bySlot.some((line, slot) => this.#bySlot[slot] !== line);
    this.#bySlot = bySlot;
    if (moved) this.#revision++;
    const gone = [...this.#lines.values()].filter((line) => !serving.has(line));
    for (const line of gone) this.#lines.delete(nameOf(line.address));
    if (moved || gone.length > 0) this.#options.onChange();
    await Promise.all(gone.map((line) => line.close()));
  }

  #addLine(address: ServerAddress): Line {
    const line = new Line({
      address,
      log: this.#options.log,
      onUp: () => {
        if (this.#cluster !== false) this.askSoon();
        this.#options.onChange();
      },
      onDown: () => {
        if (this.#cluster === true) this.askSoon();
        this.#options.onChange();
      },
    });
    this.#lines.set(nameOf(address), line);
    return line;
  }

  #removeLine(line: Line): Promise<void> {
    this.#lines.delete(nameOf(line.address));
    return line.close();
  }
}
